//! Files that are whole or not there: written beside their place and renamed into it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, ErrorKind, Result};

/// An output under way: a temporary file beside its final place, or standard output for `-`.
///
/// Dropped without [`Output::finish`], it leaves nothing behind and the old file untouched.
pub struct Output {
    path: PathBuf,
    inner: Inner,
}

enum Inner {
    File(BufWriter<NamedTempFile>),
    Stdout(BufWriter<io::Stdout>),
}

impl Output {
    /// Starts an output.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Exists`] when the file is there and `force` is not set, [`ErrorKind::Io`] when its folder
    /// cannot be written.
    pub fn create(path: &Path, force: bool) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { path: path.into(), inner: Inner::Stdout(BufWriter::new(io::stdout())) });
        }
        if !force && path.exists() {
            return Err(ErrorKind::Exists { path: path.into() }.into());
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sayso-").suffix(".part");
        // A temporary file is private by default; the result should have the mode of any new file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|e| Error::io(path, "write", e))?;
        Ok(Self { path: path.into(), inner: Inner::File(BufWriter::with_capacity(1 << 16, file)) })
    }

    /// Flushes it to the disk and puts it in place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`], with the old file left as it was.
    pub fn finish(self) -> Result<()> {
        let path = self.path;
        match self.inner {
            Inner::Stdout(mut out) => out.flush().map_err(|e| Error::io(path, "write", e)),
            Inner::File(buffer) => {
                let file = buffer.into_inner().map_err(|e| Error::io(&path, "write", e.into_error()))?;
                file.as_file().sync_all().map_err(|e| Error::io(&path, "write", e))?;
                file.persist(&path).map_err(|e| Error::io(&path, "write", e.error))?;
                // The rename itself reaches the disk with the folder; not every file system lets a folder be synced.
                if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty())
                    && let Ok(folder) = File::open(folder)
                {
                    let _ = folder.sync_all();
                }
                Ok(())
            }
        }
    }

    /// Turns a failed write into an error that names the file.
    pub fn error(&self, source: io::Error) -> Error {
        Error::io(&self.path, "write", source)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.inner {
            Inner::File(file) => file.write(bytes),
            Inner::Stdout(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.inner {
            Inner::File(file) => file.flush(),
            Inner::Stdout(out) => out.flush(),
        }
    }
}

/// Writes a whole file at once, or leaves the old one as it was.
///
/// # Errors
///
/// Those of [`Output::create`] and [`Output::finish`].
pub fn write_atomically(path: &Path, bytes: &[u8], force: bool) -> Result<()> {
    let mut output = Output::create(path, force)?;
    output.write_all(bytes).map_err(|e| Error::io(path, "write", e))?;
    output.finish()
}
