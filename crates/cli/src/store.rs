//! Where the state of a root is kept, and who holds it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use orgform_engine::state::{FileStore, GitStore, Holder, ObjectBackend};
use orgform_engine::{OpenState, StateError, Store, SystemClock};
use orgform_spec::root::{Root, StateLocation};
use tokio::time::Instant;

use crate::console::Console;
use crate::failure::Failure;
use crate::root::OpenRoot;

/// How often somebody who waits looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The store of an open root.
pub(crate) fn of(root: &OpenRoot) -> Result<Arc<dyn Store>> {
    named(&root.folder, &root.settings)
}

/// The store that `orgform.yaml` names.
pub(crate) fn named(folder: &Path, settings: &Root) -> Result<Arc<dyn Store>> {
    let id = &settings.id;
    Ok(match &settings.state {
        StateLocation::File { path } => Arc::new(FileStore::new(folder.join(path))),
        StateLocation::Git { branch, remote } => {
            Arc::new(GitStore::new(folder, branch, remote.as_deref(), id)?)
        }
        StateLocation::ObjectStore { url } => Arc::new(ObjectBackend::from_url(url, environment(), id)?),
    })
}

/// Opens the state for writing: no other run may write until it is closed. I/O.
///
/// # Errors
/// At once when another run has it, or after `wait`; the message says who it is.
pub(crate) async fn open(root: &OpenRoot, wait: Option<Duration>, console: &Console) -> Result<OpenState> {
    make_folder(root)?;
    let store = of(root)?;
    let begun = Instant::now();
    let mut told = false;
    loop {
        let opened =
            OpenState::open(store.clone(), &root.settings.id, &holder(), Arc::new(SystemClock)).await;
        match opened {
            Err(error @ StateError::Held { .. }) if wait.is_some_and(|wait| begun.elapsed() < wait) => {
                if !told {
                    console.tell(&format!("Waiting: {error}."));
                    told = true;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(state) => return Ok(state),
            Err(error) => return Err(not_open(error)),
        }
    }
}

fn not_open(error: StateError) -> anyhow::Error {
    Failure::new("could not take the state for writing").nothing_read().because(error).into()
}

fn make_folder(root: &OpenRoot) -> Result<()> {
    let StateLocation::File { path } = &root.settings.state else { return Ok(()) };
    let path = root.folder.join(path);
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                "a file is where a folder should be; move it away, or name another place under `state` in orgform.yaml."
            }
            _ => "apply remembers what it does; it needs to write here.",
        };
        Failure::new(format!("could not make the folder {}", folder.display()))
            .hint(hint)
            .nothing_read()
            .because(error)
            .into()
    })
}

/// Who we are, for somebody who finds the state in use.
fn holder() -> Holder {
    let name = |variables: [&str; 2]| variables.iter().find_map(|name| std::env::var(name).ok());
    let user = name(["USER", "LOGNAME"]).unwrap_or_else(|| "somebody".to_owned());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|text| text.trim().to_owned())
        .or_else(|| name(["HOSTNAME", "COMPUTERNAME"]))
        .unwrap_or_else(|| "this machine".to_owned());
    Holder::new(format!("{user} on {host}, process {}", std::process::id()))
}

fn environment() -> Vec<(String, String)> {
    // A variable that is not text can't be a setting of an object store.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
