//! Puts the secrets of API keys into files that only their owner can read.
//!
//! A secret stands alone in its file, so that `{ file: PATH }` of a Provider can name it; beside it, `.id` added
//! to the name, is the id of its key. The id is taken away first and written last: where both are, they belong
//! together, whatever was interrupted in between. A file that has no such companion is not ours, and stays.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use orgform_engine::{SecretError, SecretSink};
use orgform_model::{ApiKeyId, SecretPlace, ShownOnce};

/// Files below a root, or wherever an absolute path says.
#[derive(Debug)]
pub(crate) struct SecretFiles {
    folder: PathBuf,
}

impl SecretFiles {
    /// Relative paths start at this folder.
    pub(crate) fn below(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, place: &SecretPlace) -> Result<PathBuf, SecretError> {
        match place {
            SecretPlace::File { path } => Ok(self.folder.join(path)),
            SecretPlace::SecretKeyRef { .. } => Err(SecretError::new("a Secret is only there in a cluster")),
        }
    }
}

#[async_trait]
impl SecretSink for SecretFiles {
    async fn look(&self, place: &SecretPlace) -> Result<Option<ApiKeyId>, SecretError> {
        let path = self.path(place)?;
        let there = |path: &Path| match fs::metadata(path) {
            Ok(facts) => Ok(facts.is_file() && facts.len() > 0),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(failed(&error)),
        };
        if !there(&path)? {
            return Ok(None);
        }
        match fs::read_to_string(id_path(&path)) {
            Ok(id) if id.trim().is_empty() => Ok(None),
            Ok(id) => Ok(Some(ApiKeyId::from(id.trim()))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    async fn prepare(&self, place: &SecretPlace) -> Result<(), SecretError> {
        let path = self.path(place)?;
        let folder = folder_of(&path);
        make_folder(folder).map_err(|error| failed(&error))?;
        match fs::symlink_metadata(&path) {
            Ok(facts) if !facts.is_file() => return Err(SecretError::new("it is no ordinary file")),
            Ok(_) if fs::symlink_metadata(id_path(&path)).is_err() => {
                return Err(SecretError::new("a file is there that orgform did not write"));
            }
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(failed(&error)),
        }
        let trial = temporary(&path);
        create(&trial).and_then(|_| fs::remove_file(&trial)).map_err(|error| failed(&error))
    }

    async fn store(
        &self,
        place: &SecretPlace,
        key: &ApiKeyId,
        secret: &ShownOnce,
    ) -> Result<(), SecretError> {
        let path = self.path(place)?;
        put(&path, key, secret).map_err(|error| failed(&error))
    }
}

fn put(path: &Path, key: &ApiKeyId, secret: &ShownOnce) -> io::Result<()> {
    let id = id_path(path);
    match fs::remove_file(&id) {
        Err(error) if !is_absent(&error) => return Err(error),
        _ => sync(folder_of(path))?,
    }
    write_whole(path, secret.expose())?;
    write_whole(&id, key.as_str())
}

/// Writes a file in one piece or not at all; durable when it returns.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let temporary = temporary(path);
    let written = create(&temporary).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        // What is left of it, if anything, may hold a secret. The first error is the one that matters.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync(folder_of(path))
}

/// Makes a file that only its owner can read. One that a run left behind when it was killed gives way.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder, and those above it, for their owner only; one that is there stays as it is.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn id_path(path: &Path) -> PathBuf {
    with_more(path, ".id")
}

pub(crate) fn temporary(path: &Path) -> PathBuf {
    with_more(path, ".new")
}

pub(crate) fn with_more(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    PathBuf::from(name)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn failed(error: &io::Error) -> SecretError {
    SecretError::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn place(path: &str) -> SecretPlace {
        SecretPlace::File { path: path.to_owned() }
    }

    fn secret(text: &str) -> ShownOnce {
        ShownOnce::new(SecretString::from(text.to_owned()))
    }

    #[tokio::test]
    async fn a_secret_is_stored_for_its_owner_only_and_says_which_key_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let (files, at) = (SecretFiles::below(folder.path()), place("keys/deep/ci"));
        assert_eq!(files.look(&at).await, Ok(None));
        files.prepare(&at).await.unwrap();
        files.store(&at, &"key-1".into(), &secret("hunter2")).await.unwrap();
        assert_eq!(files.look(&at).await, Ok(Some("key-1".into())));
        let path = folder.path().join("keys/deep/ci");
        assert_eq!(fs::read_to_string(&path).unwrap(), "hunter2\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
        let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 2, "nothing is left behind: {names:?}");
    }

    #[tokio::test]
    async fn a_new_secret_takes_the_place_of_an_old_one_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (files, at) = (SecretFiles::below(folder.path()), place("ci"));
        files.store(&at, &"key-1".into(), &secret("old")).await.unwrap();
        files.prepare(&at).await.unwrap();
        files.store(&at, &"key-2".into(), &secret("new")).await.unwrap();
        assert_eq!(files.look(&at).await, Ok(Some("key-2".into())));
        assert_eq!(fs::read_to_string(folder.path().join("ci")).unwrap(), "new\n");
    }

    #[tokio::test]
    async fn what_is_not_ours_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let files = SecretFiles::below(folder.path());
        fs::write(folder.path().join("mine"), "precious").unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        for path in ["mine", "folder", "mine/below"] {
            assert!(files.prepare(&place(path)).await.is_err(), "{path}");
        }
        assert_eq!(fs::read_to_string(folder.path().join("mine")).unwrap(), "precious");
    }

    #[tokio::test]
    async fn half_a_secret_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (files, at) = (SecretFiles::below(folder.path()), place("ci"));
        files.store(&at, &"key-1".into(), &secret("hunter2")).await.unwrap();
        fs::remove_file(folder.path().join("ci.id")).unwrap();
        assert_eq!(files.look(&at).await, Ok(None));
        files.store(&at, &"key-1".into(), &secret("hunter2")).await.unwrap();
        fs::remove_file(folder.path().join("ci")).unwrap();
        assert_eq!(files.look(&at).await, Ok(None));
    }

    #[tokio::test]
    async fn a_secret_of_a_cluster_has_no_place_here() {
        let files = SecretFiles::below(Path::new("/nowhere"));
        let place = SecretPlace::SecretKeyRef { name: "ci".to_owned(), key: "secret".to_owned() };
        assert!(files.prepare(&place).await.is_err());
    }
}
