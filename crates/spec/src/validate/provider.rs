//! Reads the content of a `Provider`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use orgform_model::Email;
use orgform_model::policy::{
    Allow, Approval, DriftPolicy, InvitePolicy, Limit, Mode, OnExhausted, Policy, Removal, RemovalDefaults,
    Safety,
};

use super::account::ADOPTION;
use super::fields::{
    ADMINS, INVITES, LIMIT, PACKETFABRIC, PACKETFABRIC_CREDENTIALS, PROVIDER, PUREPORT, PUREPORT_CREDENTIALS,
    REMOVAL, SAFETY, SECRET_KEY_REF, SECRET_SOURCE, SIMULATOR, XARIOS, XARIOS_CREDENTIALS,
};
use super::member::REMOVAL as REMOVAL_OF_MEMBERS;
use super::{allowed_namespaces, filled};
use crate::manifest::{Block, Provider};
use crate::near::any_of;
use crate::resolve::{CredentialRef, CredentialSource, SimulatorSettings};
use crate::walk::{Fields, Walk};
use crate::yaml::{Node, Span, Value};

/// The keys of provider blocks.
pub(crate) const BLOCKS: &[&str] = &["pureport", "packetfabric", "xarios"];
const MODE: &[(&str, Mode)] = &[("Observe", Mode::Observe), ("Plan", Mode::Plan), ("Apply", Mode::Apply)];
const APPROVAL: &[(&str, Approval)] = &[("None", Approval::None), ("Required", Approval::Required)];
const DRIFT: &[(&str, DriftPolicy)] = &[("Correct", DriftPolicy::Correct), ("Report", DriftPolicy::Report)];
const ALLOW: &[(&str, Allow)] = &[("WiderReach", Allow::WiderReach), ("Irreversible", Allow::Irreversible)];
pub(super) const REMOVAL_OF_THINGS: &[(&str, Removal)] =
    &[("Remove", Removal::Remove), ("Retain", Removal::Retain)];
const ON_EXHAUSTED: &[(&str, OnExhausted)] =
    &[("Hold", OnExhausted::Hold), ("Withdraw", OnExhausted::Withdraw)];
const DEFAULT_ROOT_ACCOUNT: &str = "Acme";

pub(super) fn provider(walk: &mut Walk<'_>, node: &Node) -> Option<Provider> {
    let fields = walk.fields(node, PROVIDER)?;
    let block = block(walk, &fields);
    let default = Policy::default();
    let policy = Policy {
        runs_as: walk.opt(&fields, "runsAs", Walk::email).map(|email| email.value),
        mode: walk.opt(&fields, "mode", |walk, node| walk.choice(node, MODE)).unwrap_or(default.mode),
        approval: walk
            .opt(&fields, "approval", |walk, node| walk.choice(node, APPROVAL))
            .unwrap_or(default.approval),
        drift: walk.opt(&fields, "drift", |walk, node| walk.choice(node, DRIFT)).unwrap_or(default.drift),
        adoption: walk
            .opt(&fields, "adoption", |walk, node| walk.choice(node, ADOPTION))
            .unwrap_or(default.adoption),
        max_age: walk.opt(&fields, "maxAge", Walk::duration).unwrap_or(default.max_age),
        safety: walk.opt(&fields, "safety", safety).unwrap_or(default.safety),
        removal: walk.opt(&fields, "removal", removal).unwrap_or(default.removal),
        invites: walk.opt(&fields, "invites", invites).unwrap_or(default.invites),
    };
    allowed_namespaces(walk, &fields);
    let removal_is_said = fields.get("removal").is_some_and(|node| {
        matches!(&node.value, Value::Map(entries) if entries.iter().any(|entry| &*entry.key == "members"))
    });
    Some(Provider { block, policy, removal_is_said })
}

/// The one block that says which provider it is.
fn block(walk: &mut Walk<'_>, fields: &Fields<'_>) -> Option<Block> {
    let mut written = FORMS.iter().filter(|form| fields.entry(form.kind).is_some());
    let Some(form) = written.next() else {
        let said = format!("a provider needs a block that says which one it is: {}", any_of(BLOCKS));
        walk.error(fields.span, said);
        return None;
    };
    if let Some(second) = written.next() {
        let place = walk.file.place(fields.key_span(form.kind));
        let said = "a provider has one block that says which one it is, not several";
        walk.error(fields.key_span(second.kind), said).places.push(place);
        return None;
    }
    walk.opt(fields, form.kind, |walk, node| connection(walk, node, fields.key_span(form.kind), form))
}

/// How the block of one provider is written.
struct Form {
    kind: &'static str,
    known: &'static [&'static str],
    credentials: fn(&mut Walk<'_>, &Node) -> Option<Vec<CredentialRef>>,
    example: &'static str,
    /// Where there is no usual endpoint: what to do about a missing one.
    needs_endpoint: Option<&'static str>,
}

impl Form {
    fn has(&self, field: &str) -> bool {
        self.known.contains(&field)
    }
}

/// Every kind of provider.
const FORMS: &[Form] = &[PUREPORT_FORM, PACKETFABRIC_FORM, XARIOS_FORM];

const PUREPORT_FORM: Form = Form {
    kind: "pureport",
    known: PUREPORT,
    credentials: pureport_credentials,
    example: "{ key: { env: PUREPORT_API_KEY }, secret: { env: PUREPORT_API_SECRET } }",
    needs_endpoint: None,
};

const PACKETFABRIC_FORM: Form = Form {
    kind: "packetfabric",
    known: PACKETFABRIC,
    credentials: packetfabric_credentials,
    example: "{ apiKey: { env: PF_TOKEN } }",
    needs_endpoint: None,
};

const XARIOS_FORM: Form = Form {
    kind: "xarios",
    known: XARIOS,
    credentials: xarios_credentials,
    example: "{ clientId: { env: XARIOS_CLIENT_ID }, clientSecret: { env: XARIOS_CLIENT_SECRET }, \
              refreshToken: { env: XARIOS_REFRESH_TOKEN } }",
    needs_endpoint: Some(
        "the region is part of it: write `endpoint: https://api.eu.myreports.cloud`, or au, na, uk.",
    ),
};

fn safety(walk: &mut Walk<'_>, node: &Node) -> Option<Safety> {
    let fields = walk.fields(node, SAFETY)?;
    let default = Safety::default();
    let (minimum, required) = walk.opt(&fields, "admins", admins).unwrap_or_default();
    Some(Safety {
        allow: walk
            .opt(&fields, "allow", |walk, node| walk.list(node, |walk, node| walk.choice(node, ALLOW)))
            .unwrap_or_default()
            .into_iter()
            .collect(),
        per_account: walk
            .opt(&fields, "perAccount", |walk, node| limit(walk, node, default.per_account))
            .unwrap_or(default.per_account),
        total: walk
            .opt(&fields, "total", |walk, node| limit(walk, node, default.total))
            .unwrap_or(default.total),
        admin_minimum: minimum.unwrap_or(default.admin_minimum),
        admins_required: required,
        protected: walk.opt(&fields, "protected", emails).unwrap_or_default(),
    })
}

fn limit(walk: &mut Walk<'_>, node: &Node, default: Limit) -> Option<Limit> {
    let fields = walk.fields(node, LIMIT)?;
    Some(Limit {
        percent: walk.opt(&fields, "percent", |walk, node| walk.count(node, 100)).unwrap_or(default.percent),
        floor: walk.opt(&fields, "floor", |walk, node| walk.count(node, 1_000_000)).unwrap_or(default.floor),
    })
}

fn admins(walk: &mut Walk<'_>, node: &Node) -> Option<(Option<u32>, BTreeSet<Email>)> {
    let fields = walk.fields(node, ADMINS)?;
    let minimum = walk.opt(&fields, "minimum", |walk, node| walk.count(node, 1000));
    Some((minimum, walk.opt(&fields, "required", emails).unwrap_or_default()))
}

fn emails(walk: &mut Walk<'_>, node: &Node) -> Option<BTreeSet<Email>> {
    Some(walk.list(node, Walk::email)?.into_iter().map(|email| email.value).collect())
}

fn removal(walk: &mut Walk<'_>, node: &Node) -> Option<RemovalDefaults> {
    let fields = walk.fields(node, REMOVAL)?;
    let default = RemovalDefaults::default();
    let mut one = |name, choices, default| {
        walk.opt(&fields, name, |walk, node| walk.choice(node, choices)).unwrap_or(default)
    };
    Some(RemovalDefaults {
        members: one("members", REMOVAL_OF_MEMBERS, default.members),
        roles: one("roles", REMOVAL_OF_THINGS, default.roles),
        accounts: one("accounts", REMOVAL_OF_THINGS, default.accounts),
        api_keys: one("apiKeys", REMOVAL_OF_THINGS, default.api_keys),
    })
}

fn invites(walk: &mut Walk<'_>, node: &Node) -> Option<InvitePolicy> {
    let fields = walk.fields(node, INVITES)?;
    let default = InvitePolicy::default();
    Some(InvitePolicy {
        resend_after: walk.opt(&fields, "resendAfter", Walk::duration).unwrap_or(default.resend_after),
        max_attempts: walk
            .opt(&fields, "maxAttempts", |walk, node| walk.count(node, 100))
            .unwrap_or(default.max_attempts),
        on_exhausted: walk
            .opt(&fields, "onExhausted", |walk, node| walk.choice(node, ON_EXHAUSTED))
            .unwrap_or(default.on_exhausted),
        per_day: walk.opt(&fields, "perDay", |walk, node| walk.count(node, 1_000_000)),
        resend_pending: walk.opt(&fields, "resendPending", Walk::flag).unwrap_or(default.resend_pending),
    })
}

fn connection(walk: &mut Walk<'_>, node: &Node, span: Span, form: &Form) -> Option<Block> {
    let fields = walk.fields(node, form.known)?;
    let credentials = form.credentials;
    let block = Block {
        kind: form.kind,
        span,
        endpoint: walk.opt(&fields, "endpoint", endpoint),
        login_endpoint: form
            .has("loginEndpoint")
            .then(|| walk.opt(&fields, "loginEndpoint", endpoint))
            .flatten(),
        agreed: agreed(walk, &fields, form),
        simulator: walk.opt(&fields, "simulator", simulator),
        credentials: walk.opt(&fields, "credentials", credentials).unwrap_or_default(),
        read_only_credentials: walk.opt(&fields, "readOnlyCredentials", credentials).unwrap_or_default(),
    };
    match (fields.entry("endpoint"), fields.entry("simulator"), fields.entry("credentials")) {
        (Some(endpoint), Some(simulator), _) => {
            let place = walk.file.place(endpoint.span);
            walk.error(simulator.span, "a provider has either an `endpoint` or a `simulator`")
                .places
                .push(place);
        }
        (_, None, None) => {
            let example = form.example;
            walk.error(span, "`credentials` are needed to log in").hint =
                Some(format!("write `credentials: {example}`, or try `simulator: {{}}`."));
        }
        _ => {}
    }
    if let (Some(hint), None, None) =
        (form.needs_endpoint, fields.entry("endpoint"), fields.entry("simulator"))
    {
        walk.error(span, "`endpoint` is needed").hint = Some(hint.to_owned());
    }
    Some(block)
}

/// What is agreed to by a flag that only this kind of provider has.
fn agreed(walk: &mut Walk<'_>, fields: &Fields<'_>, form: &Form) -> BTreeSet<String> {
    let flags = ["acceptCharges"].into_iter().filter(|name| form.has(name));
    flags.filter(|name| walk.opt(fields, name, Walk::flag) == Some(true)).map(str::to_owned).collect()
}

fn endpoint(walk: &mut Walk<'_>, node: &Node) -> Option<String> {
    let text = filled(walk, node)?.value;
    let url =
        url::Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        let said = format!("{} is not a web address", walk.here());
        walk.error(node.span, said).hint = Some("it starts with https:// and a host.".to_owned());
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        let said = format!("{} must not hold a user or password", walk.here());
        walk.secretly(|walk| walk.error(node.span, said).hint = Some("they go to `credentials`.".to_owned()));
        return None;
    }
    Some(text)
}

fn simulator(walk: &mut Walk<'_>, node: &Node) -> Option<SimulatorSettings> {
    let fields = walk.fields(node, SIMULATOR)?;
    if walk.file.namespace.is_some() {
        walk.error(node.span, "a simulator in the same process can't be used in a cluster").hint =
            Some("`orgform sim` serves one over HTTP, for an `endpoint`.".to_owned());
    }
    let root_account = walk.opt(&fields, "rootAccount", filled).map(|text| text.value);
    Some(SimulatorSettings { root_account: root_account.unwrap_or_else(|| DEFAULT_ROOT_ACCOUNT.to_owned()) })
}

fn pureport_credentials(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<CredentialRef>> {
    walk.secretly(|walk| pureport_key(walk, node))
}

fn pureport_key(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<CredentialRef>> {
    let fields = walk.fields(node, PUREPORT_CREDENTIALS)?;
    let key = walk.need(&fields, "key", |walk, node| secret_source(walk, node, "key"));
    let secret = walk.need(&fields, "secret", |walk, node| secret_source(walk, node, "secret"));
    Some(vec![key?, secret?])
}

fn packetfabric_credentials(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<CredentialRef>> {
    walk.secretly(|walk| packetfabric_key(walk, node))
}

/// An API key, or a log-in with its password.
fn packetfabric_key(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<CredentialRef>> {
    let fields = walk.fields(node, PACKETFABRIC_CREDENTIALS)?;
    let named =
        ["apiKey", "apiKeyId", "login", "password"].into_iter().filter(|name| fields.entry(name).is_some());
    let names: Vec<&str> = named.collect();
    let sources: Vec<Option<CredentialRef>> = names
        .iter()
        .map(|name| walk.opt(&fields, name, |walk, node| secret_source(walk, node, name)))
        .collect();
    let known: [&[&str]; 3] = [&["apiKey"], &["apiKey", "apiKeyId"], &["login", "password"]];
    if !known.contains(&names.as_slice()) {
        let said = format!("{} needs either `apiKey`, or `login` and `password`", walk.here());
        walk.error(fields.span, said).hint =
            Some("an API key is best: a log-in may end the portal session of its user.".to_owned());
        return None;
    }
    sources.into_iter().collect()
}

fn xarios_credentials(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<CredentialRef>> {
    walk.secretly(|walk| xarios_approval(walk, node))
}

fn xarios_approval(walk: &mut Walk<'_>, node: &Node) -> Option<Vec<CredentialRef>> {
    let fields = walk.fields(node, XARIOS_CREDENTIALS)?;
    let mut need = |name| walk.need(&fields, name, |walk, node| secret_source(walk, node, name));
    let (id, secret, token) = (need("clientId"), need("clientSecret"), need("refreshToken"));
    Some(vec![id?, secret?, token?])
}

/// Where a secret comes from. What is written in place of a source may be the secret, and is never shown.
pub(super) fn secret_source(walk: &mut Walk<'_>, node: &Node, field: &'static str) -> Option<CredentialRef> {
    walk.secretly(|walk| source(walk, node, field))
}

fn source(walk: &mut Walk<'_>, node: &Node, field: &'static str) -> Option<CredentialRef> {
    if matches!(node.value, Value::Scalar { .. }) {
        let said = format!("{} must say where the secret comes from", walk.here());
        walk.error(node.span, said).hint = Some(
            "a secret is never written in a manifest: use `{ env: NAME }` or `{ file: PATH }`. If this was one, it \
             is known to everybody who can read the file."
                .to_owned(),
        );
        return None;
    }
    let fields = walk.fields(node, SECRET_SOURCE)?;
    let env = walk.opt(&fields, "env", variable).map(CredentialSource::Env);
    let file =
        walk.opt(&fields, "file", filled).map(|path| CredentialSource::File(PathBuf::from(path.value)));
    let key = walk.opt(&fields, "secretKeyRef", |walk, node| {
        let (name, key) = key_of_secret(walk, node, "use `{ env: NAME }` or `{ file: PATH }` in files.")?;
        Some(CredentialSource::SecretKey { name, key })
    });
    exactly_one(walk, &fields);
    let source = env.or(file).or(key)?;
    if walk.file.namespace.is_some() && !matches!(source, CredentialSource::SecretKey { .. }) {
        walk.error(fields.span, "in a cluster a secret comes from a Secret").hint =
            Some("write `{ secretKeyRef: { name, key } }`.".to_owned());
        return None;
    }
    Some(CredentialRef { field: field.to_owned(), source, place: walk.file.place(node.span) })
}

fn exactly_one(walk: &mut Walk<'_>, fields: &Fields<'_>) {
    let written = SECRET_SOURCE.iter().filter(|name| fields.entry(name).is_some()).count();
    if written != 1 {
        let said = format!("{} needs exactly one of {}", walk.here(), any_of(SECRET_SOURCE));
        walk.error(fields.span, said);
    }
}

fn variable(walk: &mut Walk<'_>, node: &Node) -> Option<String> {
    let name = filled(walk, node)?.value;
    if name.contains(|character: char| character == '=' || character == '\0' || character.is_whitespace()) {
        let said = format!("{} is not the name of an environment variable", walk.here());
        walk.error(node.span, said);
        return None;
    }
    Some(name)
}

/// The name of a Secret and the key in it; there are Secrets in a cluster only.
pub(super) fn key_of_secret(walk: &mut Walk<'_>, node: &Node, in_files: &str) -> Option<(String, String)> {
    let fields = walk.fields(node, SECRET_KEY_REF)?;
    let name = walk.need(&fields, "name", filled);
    let key = walk.need(&fields, "key", filled);
    if walk.file.namespace.is_none() {
        walk.error(node.span, "`secretKeyRef` can be used in a cluster only").hint =
            Some(in_files.to_owned());
        return None;
    }
    Some((name?.value, key?.value))
}
