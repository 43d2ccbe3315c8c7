//! Keeps refresh tokens that are replaced at each use, in files that only their owner can read.
//!
//! They are below `.orgform/credentials` of the root: one file for each approval, named by a hash of the token that the
//! approval gave, so that a new approval starts anew. Beside it, `.lock` added to its name, is what keeps two runs
//! from using one token. A successor is written whole beside the old one, then takes its place: whatever is
//! interrupted in between, the next run finds the newest token that this machine ever had.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use orgform_model::ProviderName;
use orgform_provider::{Taken, Tokens};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::secrets::{create, is_absent, make_folder, sync, temporary, with_more};

/// How long to wait for another run's log-in.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tokens of one Provider of a root.
#[derive(Debug)]
pub(crate) struct TokenFiles {
    folder: PathBuf,
    provider: ProviderName,
}

impl TokenFiles {
    /// Those of a Provider of the root in this folder.
    pub(crate) fn of(root: &Path, provider: &ProviderName) -> Self {
        Self { folder: root.join(".orgform").join("credentials"), provider: provider.clone() }
    }

    fn path(&self, first: &SecretString) -> PathBuf {
        let hash = Sha256::digest(format!("orgform token\0{}", first.expose_secret()).as_bytes());
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{}-{hash}", self.provider))
    }
}

#[async_trait]
impl Tokens for TokenFiles {
    async fn take(&self, first: &SecretString) -> Result<Box<dyn Taken>, String> {
        let path = self.path(first);
        let shown = |error: io::Error| format!("and {} can't be used: {error}", path.display());
        make_folder(&self.folder).map_err(shown)?;
        let lock = lock(&path).await?;
        finish(&path).map_err(shown)?;
        let token = match fs::read_to_string(&path) {
            Ok(text) => SecretString::from(text.trim_end().to_owned()),
            Err(error) if is_absent(&error) => first.clone(),
            Err(error) => return Err(shown(error)),
        };
        // Before the token is used up: its successor will need this room.
        let trial = temporary(&path);
        create(&trial).and_then(|_| fs::remove_file(&trial)).map_err(shown)?;
        Ok(Box::new(TakenFile { path, token, _lock: lock }))
    }
}

struct TakenFile {
    path: PathBuf,
    token: SecretString,
    _lock: File,
}

impl Taken for TakenFile {
    fn token(&self) -> &SecretString {
        &self.token
    }

    fn replace(&mut self, next: &SecretString) -> Result<(), String> {
        let kept = write_beside(&self.path, next).and_then(|()| take_its_place(&self.path));
        kept.map_err(|error| format!("and {} could not be written: {error}", self.path.display()))
    }
}

/// Writes the successor beside the old token; durable when it returns.
fn write_beside(path: &Path, next: &SecretString) -> io::Result<()> {
    let mut file = create(&temporary(path))?;
    // One write: what is there of it is whole if it has its end.
    file.write_all(format!("{}\n", next.expose_secret()).as_bytes())?;
    file.sync_all()
}

/// Lets the successor take the old token's place.
fn take_its_place(path: &Path) -> io::Result<()> {
    fs::rename(temporary(path), path)?;
    match path.parent() {
        Some(folder) => sync(folder),
        None => Ok(()),
    }
}

/// Finishes what a run was killed at. A successor that is whole is newer than what is in its place; one that is not
/// was never shown to anybody as kept, and its answer is lost.
fn finish(path: &Path) -> io::Result<()> {
    let beside = temporary(path);
    match fs::read_to_string(&beside) {
        Ok(text) if text.ends_with('\n') && !text.trim().is_empty() => take_its_place(path),
        Ok(_) => fs::remove_file(&beside),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn lock(path: &Path) -> Result<File, String> {
    let lock = with_more(path, ".lock");
    let file =
        File::create(&lock).map_err(|error| format!("and {} can't be written: {error}", lock.display()))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => {
                return Err(format!("and {} can't be locked: {error}", lock.display()));
            }
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err("and another run logs in with it just now".to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn files(root: &Path) -> TokenFiles {
        TokenFiles::of(root, &"xarios".into())
    }

    async fn next(root: &Path) -> String {
        let taken = files(root).take(&secret("first")).await.unwrap();
        taken.token().expose_secret().to_owned()
    }

    #[tokio::test]
    async fn a_token_is_kept_for_its_owner_only_and_under_a_name_that_tells_nothing() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(next(root.path()).await, "first");
        files(root.path()).take(&secret("first")).await.unwrap().replace(&secret("second")).unwrap();
        assert_eq!(next(root.path()).await, "second");
        let path = files(root.path()).path(&secret("first"));
        assert!(!path.to_string_lossy().contains("first"), "{path:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[tokio::test]
    async fn a_new_approval_starts_anew() {
        let root = tempfile::tempdir().unwrap();
        files(root.path()).take(&secret("first")).await.unwrap().replace(&secret("second")).unwrap();
        let other = files(root.path()).take(&secret("another approval")).await.unwrap();
        assert_eq!(other.token().expose_secret(), "another approval");
    }

    /// What a run leaves that is killed at each point of keeping a successor, and what the next run finds.
    #[tokio::test]
    async fn a_run_that_is_killed_at_any_point_loses_no_token_that_reached_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let path = files(root.path()).path(&secret("first"));
        files(root.path()).take(&secret("first")).await.unwrap().replace(&secret("second")).unwrap();

        // While it has the token, before the server answers.
        drop(files(root.path()).take(&secret("first")).await.unwrap());
        assert_eq!(next(root.path()).await, "second");
        // Where it tries whether there is room.
        drop(create(&temporary(&path)).unwrap());
        assert_eq!(next(root.path()).await, "second");
        // In the middle of writing the successor.
        create(&temporary(&path)).unwrap().write_all(b"thi").unwrap();
        assert_eq!(next(root.path()).await, "second");
        // With the successor on disk, and the old one still in its place.
        write_beside(&path, &secret("third")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second\n", "the old one is there until then");
        assert_eq!(next(root.path()).await, "third");
        // With the successor in its place.
        write_beside(&path, &secret("fourth")).unwrap();
        take_its_place(&path).unwrap();
        assert_eq!(next(root.path()).await, "fourth");
        assert!(!temporary(&path).exists(), "nothing is left behind");
    }

    #[tokio::test]
    async fn two_runs_never_use_one_token() {
        let root = tempfile::tempdir().unwrap();
        let mut one = files(root.path()).take(&secret("first")).await.unwrap();
        let waits = tokio::spawn({
            let files = files(root.path());
            async move { files.take(&secret("first")).await.map(|taken| taken.token().expose_secret().to_owned()) }
        });
        tokio::task::yield_now().await;
        one.replace(&secret("second")).unwrap();
        drop(one);
        assert_eq!(waits.await.unwrap().unwrap(), "second");
    }

    #[tokio::test]
    async fn a_token_is_not_used_where_its_successor_would_have_no_room() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(".orgform")).unwrap();
        fs::write(root.path().join(".orgform/credentials"), "a file").unwrap();
        let refused = files(root.path()).take(&secret("first")).await.err().unwrap();
        assert!(refused.contains("can't be used") && !refused.contains("first"), "{refused}");
    }
}
