//! Wider vector instructions than every processor has, chosen while the program runs.

/// Defines a function whose body is compiled once more for 256-bit vectors with fused multiplication and addition, and
/// called that way where the processor can.
///
/// The bits of its results must not depend on the choice: the body uses `mul_add` where it wants one rounding (without
/// hardware for it the call is slow but rounds the same) and otherwise leaves multiplications and additions apart, which
/// the compiler never joins by itself.
///
/// 512-bit vectors were tried: on a processor that splits them they gain nothing, and whether the compiler keeps the sums
/// of a product in such registers hangs on details.
macro_rules! vectorised {
    (
        $(#[$doc:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block
    ) => {
        $(#[$doc])*
        $visibility fn $name($($argument: $type),*) {
            #[inline(always)]
            fn body($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn with_avx2($($argument: $type),*) {
                    body($($argument),*);
                }
                if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has just said that it knows these instructions.
                    return unsafe { with_avx2($($argument),*) };
                }
            }
            body($($argument),*);
        }
    };
}

pub(super) use vectorised;
