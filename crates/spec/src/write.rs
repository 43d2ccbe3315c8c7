//! Writes a file of manifests back. With [`crate::read()`] the only part of this crate that touches files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::source::File;

const MARK: &str = "\u{feff}";

/// Puts a new text in the place of a file that was read from `root`, whole or not at all.
///
/// A byte order mark, permissions and a link to the file stay.
///
/// # Errors
/// When the file is not as it was read any more, or can't be written.
pub fn write(root: &Path, file: &File, text: &str) -> io::Result<()> {
    let path = root.join(&*file.path).canonicalize()?;
    let there = fs::read_to_string(&path)?;
    let mark = if there.starts_with(MARK) { MARK } else { "" };
    if there.strip_prefix(MARK).unwrap_or(&there) != &*file.text {
        return Err(io::Error::other("the file has changed since it was read"));
    }
    let Some((folder, name)) = path.parent().zip(path.file_name()) else {
        return Err(io::Error::other("this is not a file"));
    };
    let new = folder.join(format!(".{}.orgform-new", name.to_string_lossy()));
    let written = put(&new, &[mark, text], &path).and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        // What is half written is of no use; that it stays is told by the error of writing.
        let _ = fs::remove_file(&new);
    }
    written
}

fn put(new: &Path, texts: &[&str], like: &Path) -> io::Result<()> {
    let mut file = fs::File::create(new)?;
    file.set_permissions(fs::metadata(like)?.permissions())?;
    for text in texts {
        file.write_all(text.as_bytes())?;
    }
    file.sync_all()
}
