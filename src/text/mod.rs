//! Sentences, tokens and normal forms, always with offsets back.
