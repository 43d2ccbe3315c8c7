//! State in a file beside the root, with a journal and a lock.
//!
//! The file is replaced as a whole (written beside, synced, renamed); what happens in between is appended to a
//! journal beside it, and taken into the file at the end of a run. The lock is the operating
//! system's: it is gone when its process is.
//!
//! Calls block for as long as the disk takes: a record is some hundred bytes and one sync.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orgform_model::State;

use super::journal::{self, Journal};
use super::lease::LeaseText;
use super::{Addition, Holder, Lease, StateError, Store, Version, text};

/// A journal is taken into the state file when it is larger than this, and larger than that file.
const LARGE: u64 = 4 << 20;

/// State in a file.
#[derive(Debug)]
pub struct FileStore {
    state: PathBuf,
    journal: PathBuf,
    lock: PathBuf,
    here: Mutex<Here>,
}

/// What this process knows of the files.
#[derive(Debug, Default)]
struct Here {
    /// The lock, while a lease of this store is alive.
    held: Weak<Lock>,
    /// What the last load or write found. Only to be believed while the lock is held.
    seen: Option<OnDisk>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct OnDisk {
    /// The hash of the state file, or `-`.
    hash: String,
    /// Its length.
    len: u64,
    /// The length of the journal's whole lines.
    journal: u64,
}

impl OnDisk {
    fn version(&self) -> Version {
        Version(format!("{}:{}", self.hash, self.journal))
    }
}

impl FileStore {
    /// State in this file; its journal and lock stand beside it under the same name.
    pub fn new(state: impl Into<PathBuf>) -> Self {
        let state = state.into();
        // A link stays a link: what it names is replaced.
        let state = fs::canonicalize(&state).unwrap_or(state);
        let beside = |extension: &str| state.with_extension(extension);
        Self { journal: beside("journal"), lock: beside("lock"), state, here: Mutex::default() }
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Result<Option<(State, OnDisk)>, StateError> {
        let tried = "read the state";
        // A run may be taking its journal into the state file just now. The journal is read between two looks at
        // the state file, and only believed if both show the same.
        let mut bytes = read_if_there(&self.state).map_err(|error| unusable(tried, &self.state, error))?;
        loop {
            let journal =
                read_if_there(&self.journal).map_err(|error| unusable(tried, &self.journal, error))?;
            let again = read_if_there(&self.state).map_err(|error| unusable(tried, &self.state, error))?;
            if bytes == again {
                return self.understand(bytes.as_deref(), journal.as_deref());
            }
            bytes = again;
        }
    }

    fn understand(
        &self,
        bytes: Option<&[u8]>,
        journal: Option<&[u8]>,
    ) -> Result<Option<(State, OnDisk)>, StateError> {
        let state = bytes.map(|bytes| text::from_bytes(bytes, &show(&self.state))).transpose()?;
        let place = show(&self.journal);
        let journal = journal.map(|bytes| Journal::read(bytes, &place)).transpose()?.flatten();
        let on_disk = OnDisk {
            hash: bytes.map_or_else(|| "-".to_owned(), text::hash),
            len: bytes.map_or(0, |bytes| bytes.len() as u64),
            journal: journal.as_ref().map_or(0, |journal| journal.whole),
        };
        let state = match journal {
            Some(journal) => Some(journal.replay(state, &place)?),
            None => state,
        };
        Ok(state.map(|state| (state, on_disk)))
    }

    fn take_lock(&self) -> Result<Lock, StateError> {
        let tried = "lock the state";
        let file = private()
            .read(true)
            .create(true)
            .truncate(false)
            .open(&self.lock)
            .map_err(|error| unusable(tried, &self.lock, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read(&self.lock).ok().and_then(|bytes| LeaseText::from_bytes(&bytes));
                Err(StateError::Held { place: self.place(), holder: holder.map(Box::new) })
            }
            Err(TryLockError::Error(error)) => Err(unusable(tried, &self.lock, error)),
        }
    }

    /// Replaces the state file and empties the journal. The lock is held.
    fn replace(&self, state: &State) -> Result<OnDisk, StateError> {
        let tried = "write the state";
        let bytes = text::to_bytes(state, &show(&self.state))?;
        let new = self.state.with_extension("json.new");
        write_synced(&new, &bytes).map_err(|error| unusable(tried, &new, error))?;
        fs::rename(&new, &self.state).map_err(|error| unusable(tried, &self.state, error))?;
        sync_folder(&self.state).map_err(|error| unusable(tried, &self.state, error))?;
        // Dying here is harmless: see `journal`.
        match fs::remove_file(&self.journal) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unusable(tried, &self.journal, error));
            }
            _ => {}
        }
        Ok(OnDisk { hash: text::hash(&bytes), len: bytes.len() as u64, journal: 0 })
    }

    fn append_line(&self, addition: &Addition<'_>, mut on_disk: OnDisk) -> Result<OnDisk, StateError> {
        let cannot = |error: io::Error| unusable("write the state", &self.journal, error);
        let is_new = on_disk.journal == 0;
        let mut bytes = Vec::new();
        if is_new {
            bytes.extend(journal::head(&addition.after.root).map_err(|error| cannot(error.into()))?);
        }
        bytes.extend(
            journal::record(addition.provider, addition.entries).map_err(|error| cannot(error.into()))?,
        );
        let mut file = private().append(true).create(true).open(&self.journal).map_err(cannot)?;
        // What a crash left behind the last whole line goes first, or it would become damage in the middle.
        file.set_len(on_disk.journal).map_err(cannot)?;
        file.write_all(&bytes).map_err(cannot)?;
        file.sync_data().map_err(cannot)?;
        if is_new {
            sync_folder(&self.journal).map_err(cannot)?;
        }
        on_disk.journal += bytes.len() as u64;
        Ok(on_disk)
    }

    /// Does something that writes, while the lock is held: by a lease of this store, else for this long.
    fn locked<T>(
        &self,
        work: impl FnOnce(&mut Option<OnDisk>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut here = self.here();
        if here.held.upgrade().is_some() {
            return work(&mut here.seen);
        }
        let _lock = self.take_lock()?;
        here.seen = None;
        work(&mut here.seen)
    }

    fn check_unchanged(&self, seen: Option<&OnDisk>, version: Option<&Version>) -> Result<(), StateError> {
        if seen.map(OnDisk::version).as_ref() == version {
            return Ok(());
        }
        Err(StateError::Changed { place: self.place() })
    }
}

#[async_trait]
impl Store for FileStore {
    fn place(&self) -> String {
        show(&self.state)
    }

    async fn load(&self) -> Result<Option<(State, Version)>, StateError> {
        let read = self.read()?;
        self.here().seen = read.as_ref().map(|(_, on_disk)| on_disk.clone());
        Ok(read.map(|(state, on_disk)| (state, on_disk.version())))
    }

    async fn save_if_unchanged(
        &self,
        state: &State,
        version: Option<&Version>,
    ) -> Result<Version, StateError> {
        self.locked(|seen| {
            let on_disk = self.read()?.map(|(_, on_disk)| on_disk);
            self.check_unchanged(on_disk.as_ref(), version)?;
            let on_disk = self.replace(state)?;
            Ok(seen.insert(on_disk).version())
        })
    }

    async fn lease(
        &self,
        holder: &Holder,
        _ttl: Duration,
        now: Timestamp,
    ) -> Result<Box<dyn Lease>, StateError> {
        let mut here = self.here();
        let cannot = |error| unusable("lock the state", &self.lock, error);
        if here.held.upgrade().is_some() {
            let holder = fs::read(&self.lock).ok().and_then(|bytes| LeaseText::from_bytes(&bytes));
            return Err(StateError::Held { place: self.place(), holder: holder.map(Box::new) });
        }
        let lock = self.take_lock()?;
        let text = LeaseText::new(holder, None, now).to_bytes();
        lock.0.set_len(0).and_then(|()| (&lock.0).write_all(&text)).map_err(cannot)?;
        // Shows now, and not after the first call to a provider, that nothing can be written here.
        if self.journal.exists() {
            private()
                .append(true)
                .open(&self.journal)
                .map_err(|error| unusable("write the state", &self.journal, error))?;
        }
        let lock = Arc::new(lock);
        here.held = Arc::downgrade(&lock);
        here.seen = None;
        Ok(Box::new(FileLease { lock: Some(lock) }))
    }

    async fn append(&self, addition: Addition<'_>, version: Option<&Version>) -> Result<Version, StateError> {
        self.locked(|seen| {
            if seen.is_none() {
                *seen = self.read()?.map(|(_, on_disk)| on_disk);
            }
            self.check_unchanged(seen.as_ref(), version)?;
            let before = seen.take().unwrap_or_else(|| OnDisk { hash: "-".to_owned(), len: 0, journal: 0 });
            let mut after = self.append_line(&addition, before)?;
            if after.journal > LARGE.max(after.len) {
                after = self.replace(addition.after)?;
            }
            Ok(seen.insert(after).version())
        })
    }

    async fn tidy(&self, state: &State, version: Version) -> Result<Version, StateError> {
        match read_if_there(&self.journal) {
            Ok(None) => Ok(version),
            _ => self.save_if_unchanged(state, Some(&version)).await,
        }
    }
}

/// The lock file, locked.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started right now has a copy of the handle for a moment.
        let _ = self.0.unlock();
    }
}

struct FileLease {
    lock: Option<Arc<Lock>>,
}

#[async_trait]
impl Lease for FileLease {
    async fn renew(&mut self, _now: Timestamp) -> Result<(), StateError> {
        Ok(())
    }

    async fn release(&mut self, _now: Timestamp) -> Result<(), StateError> {
        if let Some(lock) = self.lock.take() {
            // The file stays: taking it away could take away the lock of who comes next.
            let _ = lock.0.set_len(0);
        }
        Ok(())
    }
}

/// Files that nobody else may read: they name people.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private().create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(of: &Path) -> io::Result<()> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn unusable(tried: &'static str, path: &Path, error: io::Error) -> StateError {
    StateError::unusable(tried, show(path), error)
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
