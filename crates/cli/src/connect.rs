//! From a Provider's settings to a connection: credentials, endpoint, and the in-process simulator.
//!
//! Nothing is called here. A simulator listens on a free local port for as long as the [`Link`] lives; its
//! world is a file in the root, and a lock keeps two processes from playing in one world at once.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use jiff::SignedDuration;
use orgform_engine::{Clock, SecretSink, SystemClock};
use orgform_model::{Place, ProviderName, SecretRef, Timestamp};
use orgform_provider::{Connection, Credential, NoSecrets, Secrets, Tokens};
pub(crate) use orgform_providers::PROVIDERS;
use orgform_providers::provider;
use orgform_sim::Options;
use orgform_spec::{CredentialRef, CredentialSource, ProviderSettings, SimulatorSettings};
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use crate::console::Console;
use crate::failure::Failure;
use crate::kinds::{Kind, Played, kind};
use crate::secrets::SecretFiles;
use crate::tokens::TokenFiles;

/// How long to wait for a simulator that another process plays in: longer than a plan takes.
const SIMULATOR_PATIENCE: Duration = Duration::from_secs(10);

/// What a connection is for. It decides which credential is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Look only; the read-only credential, if there is one.
    Look,
    /// Look and write.
    Write,
}

/// A connection, with the simulator behind it if there is one.
#[derive(Debug)]
pub(crate) struct Link {
    /// How to reach the provider.
    pub(crate) connection: Connection,
    /// What state is bound to: kind and endpoint. A simulator's port changes, its world does not.
    pub(crate) label: String,
    /// Where secrets that are shown once are put.
    pub(crate) secrets: Box<dyn SecretSink>,
    simulator: Option<Simulator>,
    clock: WorldClock,
}

/// The clock of a provider's world: the system's, or that of its simulator, so that both of us agree what is old.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorldClock {
    ahead: SignedDuration,
}

#[async_trait]
impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        now.checked_add(self.ahead).unwrap_or(now)
    }

    async fn sleep(&self, span: Duration) {
        SystemClock.sleep(span).await;
    }
}

/// A simulator in this process.
#[derive(Debug)]
pub(crate) struct Simulator {
    sim: Box<dyn Played>,
    kind: &'static Kind,
    world: PathBuf,
    /// Whether the world was made just now.
    is_new: bool,
    _lock: File,
}

impl Link {
    /// Connects, starting the simulator where one is declared.
    ///
    /// # Errors
    /// Names every field of the credential that is not there; no call was made.
    pub(crate) async fn open(
        folder: &Path,
        settings: &ProviderSettings,
        purpose: Purpose,
        console: &Console,
    ) -> Result<Self> {
        let kind = settings.kind;
        let secrets: Arc<dyn Secrets> = match purpose {
            Purpose::Look => Arc::new(NoSecrets),
            Purpose::Write => Arc::new(DeclaredSecrets { folder: folder.to_owned() }),
        };
        if let Some(simulated) = &settings.simulator {
            let simulator = Simulator::start(folder, settings, simulated).await?;
            let tokens = Arc::new(TokenFiles::of(folder, &settings.name));
            let connection = simulator.connection(purpose, settings, secrets, tokens)?;
            let label = format!("{kind} simulator {}", settings.name);
            let (secrets, clock) = (Box::new(SecretFiles::below(folder)), simulator.clock());
            return Ok(Self { connection, label, secrets, simulator: Some(simulator), clock });
        }
        let endpoint = match &settings.endpoint {
            Some(endpoint) => endpoint.as_str(),
            None => provider(kind).ok_or_else(|| unknown(kind))?.endpoint,
        };
        let url = |text: &str| Url::parse(text).with_context(|| format!("`{text}` is not a URL"));
        let endpoint = url(endpoint)?;
        let login = settings.login_endpoint.as_deref().map(url).transpose()?;
        let (fields, others) = match purpose {
            Purpose::Look if !settings.read_only_credentials.is_empty() => {
                (&settings.read_only_credentials, &settings.credentials)
            }
            Purpose::Look | Purpose::Write => (&settings.credentials, &settings.read_only_credentials),
        };
        let credentials = credentials(folder, settings, fields, console)?;
        let other_credentials = at_hand(folder, others);
        let label = format!("{kind} {endpoint}");
        let first_secrets = secrets;
        let connection = Connection {
            endpoint,
            credentials,
            user_agent: user_agent(),
            other_credentials,
            secrets: first_secrets,
            login,
            agreed: settings.agreed.clone(),
            tokens: Arc::new(TokenFiles::of(folder, &settings.name)),
            calls: Arc::new(orgform_provider::NoCalls),
        };
        let secrets = Box::new(SecretFiles::below(folder));
        Ok(Self { connection, label, secrets, simulator: None, clock: WorldClock::default() })
    }

    /// Over a connection that was made elsewhere.
    #[cfg(feature = "cluster")]
    pub(crate) fn to(connection: Connection, label: String, secrets: Box<dyn SecretSink>) -> Self {
        Self { connection, label, secrets, simulator: None, clock: WorldClock::default() }
    }

    /// What time it is at the provider.
    pub(crate) fn clock(&self) -> &WorldClock {
        &self.clock
    }

    /// Says that this is a simulator, when it is used for the first time.
    pub(crate) fn tell(&self, name: &ProviderName, console: &Console) {
        if let Some(simulator) = self.simulator.as_ref().filter(|simulator| simulator.is_new) {
            let world = simulator.world.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            console.tell(&format!(
                "{name} is a simulator: nobody is mailed. Its world was made just now: .orgform/{world}"
            ));
        }
    }

    /// Stops the simulator, its world saved.
    pub(crate) async fn close(self) {
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
    }
}

impl Simulator {
    /// Starts the simulator of one Provider on its world in the root.
    pub(crate) async fn start(
        folder: &Path,
        provider: &ProviderSettings,
        settings: &SimulatorSettings,
    ) -> Result<Self> {
        let (kind, provider) = (known_kind(provider.kind)?, &provider.name);
        let home = folder.join(".orgform");
        std::fs::create_dir_all(&home).map_err(|error| unwritable("make", &home, error))?;
        let world = home.join(format!("simulator-{provider}.json"));
        let lock = lock_world(&world).await?;
        let is_new = !world.exists();
        let options = Options {
            state_file: Some(world.clone()),
            root_account: settings.root_account.clone(),
            ..Options::default()
        };
        let sim = (kind.simulate)(options)
            .await
            .with_context(|| format!("could not start the simulator on {}", world.display()))?;
        Ok(Self { sim, kind, world, is_new, _lock: lock })
    }

    /// The simulator itself.
    pub(crate) fn sim(&self) -> &dyn Played {
        self.sim.as_ref()
    }

    /// Which kind it is.
    pub(crate) fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The clock of its world.
    pub(crate) fn clock(&self) -> WorldClock {
        // A simulated time has whole milliseconds: rounding keeps a world that was never advanced at zero.
        let ahead = self.sim.now().duration_since(SystemClock.now()).as_secs_f64().round();
        WorldClock { ahead: SignedDuration::try_from_secs_f64(ahead).unwrap_or_default() }
    }

    /// Stops it, its world saved.
    pub(crate) async fn stop(self) {
        self.sim.stop().await;
    }

    fn connection(
        &self,
        purpose: Purpose,
        settings: &ProviderSettings,
        secrets: Arc<dyn Secrets>,
        tokens: Arc<dyn Tokens>,
    ) -> Result<Connection> {
        let credentials = |purpose| {
            let fields = (self.kind.credentials)(purpose).into_iter();
            let credential = |(field, _, secret): (&str, &str, &str)| Credential {
                field: field.to_owned(),
                source: "the simulator".to_owned(),
                secret: SecretString::from(secret.to_owned()),
            };
            fields.map(credential).collect::<Vec<_>>()
        };
        let other = match purpose {
            Purpose::Look => Purpose::Write,
            Purpose::Write => Purpose::Look,
        };
        Ok(Connection {
            endpoint: Url::parse(&self.sim.url())?,
            credentials: credentials(purpose),
            user_agent: user_agent(),
            other_credentials: credentials(other),
            secrets,
            login: None,
            agreed: settings.agreed.clone(),
            tokens,
            calls: Arc::new(orgform_provider::NoCalls),
        })
    }
}

fn known_kind(name: &str) -> Result<&'static Kind> {
    kind(name).ok_or_else(|| unknown(name).into())
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!("this build of orgform can't speak to {name}")).nothing_read()
}

/// Secrets that members refer to, such as a first password. Read while applying, and only then.
#[derive(Debug)]
struct DeclaredSecrets {
    folder: PathBuf,
}

impl Secrets for DeclaredSecrets {
    fn read(&self, from: &SecretRef) -> Result<SecretString, String> {
        match from {
            SecretRef::Env(name) => from_env(name),
            SecretRef::File(path) => read_secret(&self.folder.join(path)),
            SecretRef::SecretKey { .. } => Err("which is in a cluster".to_owned()),
        }
    }
}

/// What to tell servers about us.
pub(crate) fn user_agent() -> String {
    concat!("orgform/", env!("CARGO_PKG_VERSION")).to_owned()
}

fn unwritable(verb: &str, path: &Path, error: std::io::Error) -> anyhow::Error {
    Failure::new(format!("could not {verb} {}", path.display()))
        .because(error)
        .hint(
            "a simulator keeps its world there, for `plan` too: make the folder writable, or run `orgform sim` elsewhere \
             and give the Provider its `endpoint`.",
        )
        .nothing_read()
        .into()
}

/// Takes a world for this process; waits while another plays in it, and says so when that takes too long.
pub(crate) async fn lock_world(world: &Path) -> Result<File> {
    let path = world.with_extension("lock");
    let file = File::create(&path).map_err(|error| unwritable("write", &path, error))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("could not lock {}", path.display()));
            }
            Err(TryLockError::WouldBlock) if begun.elapsed() < SIMULATOR_PATIENCE => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(format!("another process plays in {}", world.display()))
                    .hint("wait until it ends; a simulator for several processes is `orgform sim pureport`.")
                    .nothing_read()
                    .into());
            }
        }
    }
}

/// Reads every field; all that is missing is told at once.
fn credentials(
    folder: &Path,
    settings: &ProviderSettings,
    fields: &[CredentialRef],
    console: &Console,
) -> Result<Vec<Credential>> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    let width = fields.iter().map(|field| field.field.len()).max().unwrap_or(0);
    for CredentialRef { field, source, .. } in fields {
        let (label, read) = match source {
            CredentialSource::Env(name) => (format!("env {name}"), from_env(name)),
            CredentialSource::File(path) => {
                (format!("file {}", path.display()), from_file(&folder.join(path), console))
            }
            CredentialSource::SecretKey { name, .. } => {
                (format!("Secret {name}"), Err("which is in a cluster".to_owned()))
            }
        };
        match read {
            Ok(secret) => found.push(Credential { field: field.to_string(), source: label, secret }),
            Err(because) => missing.push(format!("{field:width$}  from {label}, {because}")),
        }
    }
    if missing.is_empty() && !found.is_empty() {
        return Ok(found);
    }
    Err(no_credentials(settings, missing))
}

/// What can be read of a credential that this run does not need: it is known then, and never taken away.
fn at_hand(folder: &Path, fields: &[CredentialRef]) -> Vec<Credential> {
    let read = |one: &CredentialRef| {
        let (source, secret) = match &one.source {
            CredentialSource::Env(name) => (format!("env {name}"), from_env(name).ok()?),
            CredentialSource::File(path) => {
                let text = std::fs::read_to_string(folder.join(path)).ok()?;
                (format!("file {}", path.display()), SecretString::from(text.trim_end().to_owned()))
            }
            CredentialSource::SecretKey { .. } => return None,
        };
        Some(Credential { field: one.field.clone(), source, secret })
    };
    fields.iter().filter_map(read).collect()
}

fn no_credentials(settings: &ProviderSettings, missing: Vec<String>) -> anyhow::Error {
    let ProviderSettings { name, place, .. } = settings;
    let Place { file, line, .. } = place;
    let hint = format!(
        "set what is missing, or change `credentials` in {file}:{line}; \
         `simulator: {{}}` there needs no account."
    );
    let failure =
        missing.into_iter().fold(Failure::new(format!("{name} has no complete credential")), Failure::line);
    failure.hint(hint).nothing_read().into()
}

fn from_env(name: &str) -> Result<SecretString, String> {
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Err("which is empty".to_owned()),
        Ok(text) => Ok(SecretString::from(text)),
        Err(std::env::VarError::NotPresent) => Err("which is not set".to_owned()),
        Err(std::env::VarError::NotUnicode(_)) => Err("which is not text".to_owned()),
    }
}

fn from_file(path: &Path, console: &Console) -> Result<SecretString, String> {
    let secret = read_secret(path)?;
    if readable_by_all(path) {
        console.warn(&format!("everybody on this machine can read {}; `chmod 600` it.", path.display()));
    }
    Ok(secret)
}

fn read_secret(path: &Path) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("which can't be read: {error}"))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err("which is empty".to_owned());
    }
    Ok(SecretString::from(text.to_owned()))
}

#[cfg(unix)]
fn readable_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|facts| facts.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn readable_by_all(_path: &Path) -> bool {
    false
}
