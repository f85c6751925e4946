use std::path::PathBuf;
use std::sync::Arc;

use super::Talk;
use crate::Result;
use crate::features::dense::DenseBlock;
use crate::model::Model;

/// The options of every command that may need a sentence encoder.
#[derive(Debug, Default, clap::Args)]
pub struct EncoderArgs {
    /// The folder of a sentence encoder: config.json, tokenizer.json and model.safetensors.
    #[arg(long, value_name = "DIR")]
    pub encoder: Option<PathBuf>,
    /// A folder to keep what the encoder read in, so that it reads no text twice.
    #[arg(long, value_name = "DIR", requires = "encoder")]
    encoder_cache: Option<PathBuf>,
}

impl EncoderArgs {
    /// The encoder, when one is named.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when the folder holds none;
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when this program was built without encoders.
    pub fn block(&self, span: bool, talk: &Talk) -> Result<Option<Arc<dyn DenseBlock>>> {
        match &self.encoder {
            Some(folder) => open(folder, self.encoder_cache.as_deref(), span, talk).map(Some),
            None => Ok(None),
        }
    }

    /// Gives a model the encoder that it was trained with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when the model needs one and none is named, or needs another one.
    pub fn attach(&self, model: &mut Model, talk: &Talk) -> Result<()> {
        let Some(digest) = model.missing_encoder() else {
            if self.encoder.is_some() {
                talk.warn("the model was trained without a sentence encoder, so --encoder is not used");
            }
            return Ok(());
        };
        let missing = crate::Error::argument("--encoder", "nothing", format!("the encoder {digest}"))
            .with_help("The model was trained with a sentence encoder; name its folder with --encoder.");
        let span = model.tfidf().params().window;
        let encoder = self.block(span, talk)?.ok_or(missing)?;
        model.attach(&encoder)
    }
}

#[cfg(feature = "encoder")]
fn open(
    folder: &std::path::Path,
    cache: Option<&std::path::Path>,
    span: bool,
    talk: &Talk,
) -> Result<Arc<dyn DenseBlock>> {
    use crate::corpus::{EMBEDDING_CACHE_LIMIT, EmbeddingCache, EncoderFiles};
    use crate::features::dense::encoder::Encoder;

    let bar = talk.progress(Some(1), "reading sentences");
    let mut encoder = Encoder::new(&EncoderFiles::read(folder)?, span)?.with_progress(move |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        if done == total {
            bar.reset();
        }
    });
    if let Some(cache) = cache {
        encoder = encoder.with_cache(EmbeddingCache::open(cache, EMBEDDING_CACHE_LIMIT)?);
    }
    Ok(Arc::new(encoder))
}

#[cfg(not(feature = "encoder"))]
fn open(
    folder: &std::path::Path,
    _cache: Option<&std::path::Path>,
    _span: bool,
    _talk: &Talk,
) -> Result<Arc<dyn DenseBlock>> {
    let error = crate::Error::argument(
        "--encoder",
        folder.display(),
        "a program that was built with sentence encoders",
    );
    Err(error.with_help("Build it so: cargo build --release --features encoder"))
}
