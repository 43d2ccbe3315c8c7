//! Keeps a simulated world on disk.
//!
//! The file holds JSON, one array of records a line. The first line is the world as it was when the file was
//! last written whole; each request that changed something appends one line before it is answered. So a killed
//! simulator loses nothing that it had answered, and a line that was cut off belongs to a request without an
//! answer: it is dropped on load. A graceful stop, and every start, rewrites the file whole through a temporary
//! file and a rename. A world of thousands of memberships would be too slow to write whole after each request.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// An open state file.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    tail: File,
}

impl StateFile {
    /// Writes the file whole and opens it for appending.
    pub(crate) fn create<R: Serialize>(path: &Path, world: &[R]) -> io::Result<Self> {
        let tail = write_whole(path, world)?;
        Ok(StateFile { path: path.to_path_buf(), tail })
    }

    /// Adds what one request changed; on return it survives the end of this process.
    pub(crate) fn append<R: Serialize>(&mut self, records: &[R]) -> io::Result<()> {
        self.tail.write_all(&line(records)?)
    }

    /// Replaces the content by the world as it is.
    pub(crate) fn rewrite<R: Serialize>(&mut self, world: &[R]) -> io::Result<()> {
        self.tail = write_whole(&self.path, world)?;
        Ok(())
    }
}

/// Reads all records in order, or `None` if there is no file yet.
///
/// # Errors
///
/// `InvalidData`, with the line, when anything but the end of the last line can't be read as records.
pub(crate) fn load<R: DeserializeOwned>(path: &Path) -> io::Result<Option<Vec<R>>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut records = Vec::new();
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        // Only a request that was never answered leaves a line without its end.
        if index > 0 && !line.ends_with(b"\n") {
            break;
        }
        let line: Vec<R> = serde_json::from_slice(line).map_err(|error| {
            let message = format!("{}, line {}: {error}", path.display(), index + 1);
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        records.extend(line);
    }
    Ok(Some(records))
}

fn write_whole<R: Serialize>(path: &Path, world: &[R]) -> io::Result<File> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut file = File::create(&temporary)?;
    file.write_all(&line(world)?)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    OpenOptions::new().append(true).open(path)
}

fn line<R: Serialize>(records: &[R]) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(records)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(path: &Path) -> Vec<u32> {
        load(path).unwrap().unwrap()
    }

    #[test]
    fn appended_records_are_read_back_and_a_cut_line_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.json");
        let mut file = StateFile::create(&path, &[1, 2]).unwrap();
        file.append(&[3]).unwrap();
        assert_eq!(numbers(&path), [1, 2, 3]);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"[4,").unwrap();
        assert_eq!(numbers(&path), [1, 2, 3]);
        file.rewrite(&[9]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[9]\n");
    }

    #[test]
    fn a_broken_line_in_the_middle_is_an_error_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.json");
        std::fs::write(&path, "[1]\n[oops\n[2]\n").unwrap();
        let error = load::<u32>(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
