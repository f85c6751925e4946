//! Files that are whole or not there: written beside their place and renamed into it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, ErrorKind, Position, Result};

/// How many links in a row are followed: as many as Linux follows.
const LINKS: usize = 40;

/// An output under way: a temporary file beside its final place, or standard output for `-`.
///
/// Dropped without [`Output::finish`], it leaves nothing behind and the old file untouched. What is no file, such as a
/// device or a named pipe, is written into as it stands.
pub struct Output {
    path: PathBuf,
    inner: Inner,
}

enum Inner {
    /// The temporary file, where it goes, and whether in place of what is there.
    File(BufWriter<NamedTempFile>, PathBuf, bool),
    Device(BufWriter<File>),
    Stdout(BufWriter<io::Stdout>),
}

impl Output {
    /// Starts an output. A link stays a link: what it leads to is written.
    ///
    /// # Errors
    ///
    /// Those of [`check_output`]; [`ErrorKind::Io`] when its folder cannot be written.
    pub fn create(path: &Path, force: bool) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { path: path.into(), inner: Inner::Stdout(BufWriter::new(io::stdout())) });
        }
        check_output(path, force, &[])?;
        if is_stream(path) {
            let device =
                OpenOptions::new().write(true).open(path).map_err(|e| Error::io(path, "write", e))?;
            return Ok(Self { path: path.into(), inner: Inner::Device(BufWriter::new(device)) });
        }
        let place = place_of(path);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sayso-").suffix(".part");
        // A temporary file is private by default; the result should have the mode of any new file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder_of(&place)).map_err(|e| Error::io(path, "write", e))?;
        Ok(Self {
            path: path.into(),
            inner: Inner::File(BufWriter::with_capacity(1 << 16, file), place, force),
        })
    }

    /// Flushes it to the disk and puts it in place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`], with the old file left as it was; [`ErrorKind::Exists`] for one that came to be there meanwhile, unless it
    /// is to be replaced.
    pub fn finish(self) -> Result<()> {
        let path = self.path;
        match self.inner {
            Inner::Stdout(mut out) => out.flush().map_err(|e| Error::io(path, "write", e)),
            Inner::Device(mut out) => out.flush().map_err(|e| Error::io(path, "write", e)),
            Inner::File(buffer, place, force) => {
                let file = buffer.into_inner().map_err(|e| Error::io(&path, "write", e.into_error()))?;
                file.as_file().sync_all().map_err(|e| Error::io(&path, "write", e))?;
                let put = if force { file.persist(&place) } else { file.persist_noclobber(&place) };
                put.map_err(|e| match e.error.kind() {
                    io::ErrorKind::AlreadyExists => ErrorKind::Exists { path: path.clone() }.into(),
                    _ => Error::io(&path, "write", e.error),
                })?;
                // The rename itself reaches the disk with the folder; not every file system lets a folder be synced.
                if let Ok(folder) = File::open(folder_of(&place)) {
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
            Inner::File(file, ..) => file.write(bytes),
            Inner::Device(device) => device.write(bytes),
            Inner::Stdout(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.inner {
            Inner::File(file, ..) => file.flush(),
            Inner::Device(device) => device.flush(),
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

/// Refuses an output that cannot be written, or that would be written over what is read: said before the work, not after it.
///
/// # Arguments
///
/// * `inputs` - the files that are read; `-` and what is no file, such as a folder, never stand in the way.
///
/// # Errors
///
/// [`ErrorKind::Exists`] when the file is there and `force` is not set; [`ErrorKind::Input`] for a folder, for a file whose folder
/// is not there, and for one of the inputs; [`ErrorKind::Io`] for a folder that cannot be written.
pub fn check_output(path: &Path, force: bool, inputs: &[&Path]) -> Result<()> {
    if is_stream(path) {
        return Ok(());
    }
    let here = || Position::file(path);
    if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(Error::input(here(), "a folder", "a file to write"));
    }
    let place = place_of(path);
    let folder = folder_of(&place);
    if !folder.is_dir() {
        let found = format!("no folder {}", folder.display());
        return Err(Error::input(here(), found, "a file to write in a folder that is there")
            .with_help("Make the folder first."));
    }
    if let Ok(place) = place.canonicalize()
        && inputs.iter().any(|input| input.canonicalize().is_ok_and(|input| input == place))
    {
        return Err(Error::input(here(), "one of the inputs", "a file to write that is not read")
            .with_help("Name another file for the output."));
    }
    if !force && path.exists() {
        return Err(ErrorKind::Exists { path: path.into() }.into());
    }
    // Whether a file can be made there is known when one was.
    tempfile::tempfile_in(folder).map(drop).map_err(|e| Error::io(path, "write", e))
}

/// True for standard output, a device or a named pipe: what is written runs on, and nothing can lie beside it.
pub fn is_stream(path: &Path) -> bool {
    path == Path::new("-") || fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// The file that a path leads to, which need not be there yet.
fn place_of(path: &Path) -> PathBuf {
    let mut place = path.to_path_buf();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&place) else { break };
        // An absolute path replaces the folder.
        place = folder_of(&place).join(next);
    }
    place
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_to_be_there_meanwhile_is_replaced_only_if_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.csv");
        for (force, kept) in [(false, "theirs"), (true, "ours")] {
            let _ = fs::remove_file(&path);
            let mut output = Output::create(&path, force).expect("nothing is there");
            output.write_all(b"ours").expect("written");
            fs::write(&path, "theirs").expect("written");
            let finished = output.finish();
            assert_eq!(finished.is_ok(), force);
            if let Err(error) = finished {
                assert!(matches!(error.kind(), ErrorKind::Exists { .. }), "{error}");
            }
            assert_eq!(fs::read_to_string(&path).expect("readable"), kept);
            assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
        }
    }
}
