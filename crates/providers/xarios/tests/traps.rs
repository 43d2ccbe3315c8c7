//! Every trap of the contract's list (xarios contract, section 9), with its number, against the simulator.
//!
//! Those that are pure are beside what they are about, in `src`, too. What the planner makes of them is in its own
//! stories and in the transcripts.

#![allow(clippy::unwrap_used)] // In a test a simulator that can't be started may end it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use orgform_model::world::{AccountContent, Directory, MemberSeen, Reach, Seen};
use orgform_model::{
    AccountId, Action, Address, Applied, Change, Email, FieldChange, Fields, PersonId, Ref, RoleId, Scope,
    Value,
};
use orgform_provider::{
    Connection, Credential, ErrorKind, NoSecrets, Observe, Provider, ProviderError, Taken, Tokens,
    TokensInMemory,
};
use orgform_sim::xarios::{self as sim, Act, Approval, Sim};
use orgform_sim::{Effect, Fault};
use orgform_xarios::{CAPABILITIES, SEMANTICS, Writer, options};
use secrecy::{ExposeSecret, SecretString};

const ADA: &str = "ada@acme.example";

struct Scene {
    sim: Sim,
    writer: Writer,
}

impl Scene {
    async fn under(switches: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = sim::Options { switches: switches.parse().unwrap(), ..sim::Options::default() };
        let sim = sim::start(options).await.unwrap();
        let writer = writer(&sim, Sim::admin(), Arc::new(TokensInMemory::default()), &[]).unwrap();
        Self { sim, writer }
    }

    async fn new() -> Self {
        Self::under("").await
    }

    /// Ada, made in Acme with these roles.
    async fn with_ada(roles: &[&str]) -> (Self, PersonId) {
        let scene = Self::new().await;
        let made = scene.one(scene.create(&scene.acme(), ADA, roles)).await.unwrap();
        let Applied::Member { person, .. } = made else { unreachable!("{made:?}") };
        scene.sim.clear_log();
        (scene, person)
    }

    fn acme(&self) -> AccountId {
        AccountId::from(self.sim.first_account())
    }

    /// Another reseller account.
    async fn north(&self) -> AccountId {
        let fields = Fields::from([
            ("displayName".to_owned(), Value::text("North")),
            ("reference".to_owned(), Value::text("acme-north")),
            ("timezone".to_owned(), Value::text("Europe/London")),
        ]);
        match self.one(Action::CreateAccount { parent: None, fields }).await.unwrap() {
            Applied::Account { id, .. } => id,
            other => unreachable!("{other:?}"),
        }
    }

    fn create(&self, account: &AccountId, email: &str, roles: &[&str]) -> Action {
        Action::CreateMember {
            account: Ref::Known(account.clone()),
            email: Email::new(email),
            roles: refs(roles),
            fields: Fields::new(),
            password: None,
        }
    }

    async fn one(&self, action: Action) -> Result<Applied, ProviderError> {
        let address = Address::member(&"xarios".into(), &"acme".into(), &Email::new(ADA));
        self.writer.apply(&[Change { address, action }]).await.remove(0)
    }

    async fn directory(&self) -> Directory {
        match self.writer.observe(&Scope::Directory).await.unwrap().seen {
            Seen::Directory(directory) => directory,
            other => unreachable!("{other:?}"),
        }
    }

    async fn content(&self, account: &AccountId) -> AccountContent {
        let scope = Scope::Account { id: account.clone(), fields: BTreeSet::new() };
        match self.writer.observe(&scope).await.unwrap().seen {
            Seen::Account(content) => content,
            other => unreachable!("{other:?}"),
        }
    }

    async fn member(&self, account: &AccountId, person: &PersonId) -> Option<MemberSeen> {
        let scope = Scope::Member { account: account.clone(), person: person.clone() };
        match self.writer.observe(&scope).await.unwrap().seen {
            Seen::Member(seen) => seen,
            other => unreachable!("{other:?}"),
        }
    }

    fn writes(&self) -> u64 {
        self.sim.stats().writes
    }

    fn mails_to(&self, email: &str) -> u64 {
        self.sim.stats().mails_by_recipient.get(email).copied().unwrap_or_default()
    }
}

fn writer(
    sim: &Sim,
    approval: Approval,
    tokens: Arc<dyn Tokens>,
    agreed: &[&str],
) -> Result<Writer, ProviderError> {
    let credential = |(field, secret): (&str, &str)| Credential {
        field: field.to_owned(),
        source: format!("the test's {field}"),
        secret: SecretString::from(secret.to_owned()),
    };
    let Approval { client_id, client_secret, refresh_token } = approval;
    let fields = [("clientId", client_id), ("clientSecret", client_secret), ("refreshToken", refresh_token)];
    let connection = Connection {
        endpoint: sim.url().parse().unwrap(),
        credentials: fields.into_iter().map(credential).collect(),
        user_agent: "orgform-test".to_owned(),
        other_credentials: vec![],
        secrets: Arc::new(NoSecrets),
        login: None,
        agreed: agreed.iter().map(|&name| name.to_owned()).collect(),
        tokens,
        calls: Arc::new(orgform_provider::NoCalls),
    };
    let mut options = options();
    options.retry = options.retry.fast();
    Writer::connect(&connection, options)
}

fn refs(roles: &[&str]) -> BTreeSet<Ref<RoleId>> {
    ids(roles).into_iter().map(Ref::Known).collect()
}

fn ids(roles: &[&str]) -> BTreeSet<RoleId> {
    roles.iter().map(|&role| RoleId::from(role)).collect()
}

fn meanwhile(method: &str, path: &str, act: &Act) -> Vec<Fault> {
    let act = serde_json::to_value(act).unwrap();
    vec![Fault::new(path, Effect::Meanwhile { act }).method(method).times(1)]
}

#[tokio::test]
async fn trap_01_removal_out_of_the_primary_tenant_needs_to_be_meant() {
    let (scene, ada) = Scene::with_ada(&["user.admin"]).await;
    let north = scene.north().await;
    scene.one(scene.create(&north, ADA, &[])).await.unwrap();
    let there = scene.content(&north).await;
    assert_eq!(there.members[&ada].removal.reach, Reach::ThisAccount, "one person has one id in all tenants");
    assert_eq!(there.homes[&ada], scene.acme());
    assert_eq!(scene.content(&scene.acme()).await.members[&ada].removal.reach, Reach::Everywhere);

    let remove = |account: &AccountId, from: &[&str], everywhere| Action::RemoveMember {
        account: account.clone(),
        person: ada.clone(),
        from: ids(from),
        everywhere,
    };
    let before = scene.writes();
    let stale = scene.one(remove(&scene.acme(), &["account.user", "user.admin"], false)).await.unwrap_err();
    assert!(stale.kind == ErrorKind::Stale && scene.writes() == before, "{stale:?}");

    assert_eq!(scene.one(remove(&north, &["account.user"], false)).await, Ok(Applied::Gone));
    assert!(scene.member(&scene.acme(), &ada).await.is_some(), "one assignment is gone, the person is not");
    let everywhere = remove(&scene.acme(), &["account.user", "user.admin"], true);
    assert_eq!(scene.one(everywhere.clone()).await, Ok(Applied::Gone));
    assert_eq!(scene.one(everywhere).await, Ok(Applied::Gone), "a second time is done already");
}

#[tokio::test]
async fn trap_02_a_list_has_no_roles_and_each_user_is_one_read() {
    let (scene, ada) = Scene::with_ada(&["user.admin"]).await;
    let content = scene.content(&scene.acme()).await;
    assert_eq!(content.roles_unread, BTreeSet::from([ada.clone()]));
    let reads = scene.sim.stats().reads;
    let seen = scene.member(&scene.acme(), &ada).await.unwrap();
    assert_eq!(seen, MemberSeen { roles: ids(&["account.user", "user.admin"]), disabled: false });
    assert_eq!(scene.sim.stats().reads, reads + 1);
}

#[tokio::test]
async fn trap_03_the_base_role_is_there_asked_for_or_not_and_is_never_a_change() {
    assert_eq!(SEMANTICS.roles.implied, ["account.user", "customer.user"]);
    for asked_for in [&[][..], &["account.user"]] {
        let (scene, ada) = Scene::with_ada(asked_for).await;
        let base = ids(&["account.user"]);
        let seen = scene.member(&scene.acme(), &ada).await.unwrap();
        assert_eq!(seen, MemberSeen { roles: base.clone(), disabled: false }, "asked for {asked_for:?}");
        let again = scene.one(scene.create(&scene.acme(), ADA, asked_for)).await;
        assert_eq!(again, Ok(Applied::Member { person: ada, roles: base }), "asked for {asked_for:?}");
        // What is sent is the call that finds the person there: no role is patched, nobody is mailed again.
        assert_eq!((scene.writes(), scene.mails_to(ADA)), (1, 1), "asked for {asked_for:?}");
    }
}

#[tokio::test]
async fn trap_04_what_was_patched_is_read_back() {
    let (scene, ada) = Scene::with_ada(&["branding.admin"]).await;
    let change = Action::UpdateMember {
        account: scene.acme(),
        person: ada.clone(),
        from: ids(&["account.user", "branding.admin"]),
        roles: refs(&["account.user", "webhooks.admin"]),
    };
    let done = scene.one(change.clone()).await;
    assert_eq!(done, Ok(Applied::Member { person: ada, roles: ids(&["account.user", "webhooks.admin"]) }));
    let log: Vec<String> = scene.sim.request_log().into_iter().map(|one| one.method.to_string()).collect();
    assert_eq!(log, ["GET", "PATCH", "GET"]);
    let before = scene.writes();
    assert!(scene.one(change).await.is_ok() && scene.writes() == before, "a second time is done already");
}

/// Somebody gives one more role between our look and our write.
#[tokio::test]
async fn trap_05_a_grant_made_by_somebody_else_in_between_is_never_lost() {
    let (scene, ada) = Scene::with_ada(&["branding.admin"]).await;
    let race = Act::AddRole { tenant: "Acme".into(), email: ADA.into(), role: "customer.admin".into() };
    scene.sim.set_faults(meanwhile("PATCH", "/api/v1.0/accounts/*/users/*", &race));
    let change = Action::UpdateMember {
        account: scene.acme(),
        person: ada.clone(),
        from: ids(&["account.user", "branding.admin"]),
        roles: refs(&["account.user", "webhooks.admin"]),
    };
    let stale = scene.one(change.clone()).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Stale, "{stale:?}");
    let kept = ids(&["account.user", "branding.admin", "customer.admin"]);
    assert_eq!(scene.member(&scene.acme(), &ada).await.unwrap().roles, kept, "nothing was lost");

    // Nor is one lost that was made before, and that the plan did not see.
    let stale = scene.one(change).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Stale, "{stale:?}");
    // Nor when the base role is taken away or given back.
    let race = Act::AddRole { tenant: "Acme".into(), email: ADA.into(), role: "user.admin".into() };
    scene.sim.set_faults(meanwhile("PATCH", "/api/v1.0/accounts/*/users/*", &race));
    let disable = Action::Disable { account: scene.acme(), person: ada.clone() };
    assert_eq!(scene.one(disable.clone()).await.unwrap_err().kind, ErrorKind::Stale);
    assert!(scene.one(disable).await.is_ok());
    let seen = scene.member(&scene.acme(), &ada).await.unwrap();
    assert!(seen.disabled && seen.roles.contains(&"user.admin".into()), "{seen:?}");
    let enable = Action::Enable { account: scene.acme(), person: ada.clone() };
    assert!(scene.one(enable).await.is_ok());
    assert!(!scene.member(&scene.acme(), &ada).await.unwrap().disabled);
}

#[tokio::test]
async fn trap_05_a_name_changed_by_somebody_else_is_not_written_over() {
    let (scene, ada) = Scene::with_ada(&[]).await;
    let change = |from: &str, to: &str| Action::UpdatePerson {
        account: scene.acme(),
        person: ada.clone(),
        changes: vec![FieldChange {
            field: "displayName".into(),
            from: Some(Value::text(from)),
            to: Some(Value::text(to)),
        }],
    };
    assert!(scene.one(change(ADA, "Ada")).await.is_ok());
    assert_eq!(scene.one(change("somebody", "Countess")).await.unwrap_err().kind, ErrorKind::Stale);
}

#[tokio::test]
async fn trap_06_somebody_new_is_mailed_once_and_again_only_if_asked_through_the_primary_tenant() {
    let (scene, ada) = Scene::with_ada(&[]).await;
    assert_eq!(scene.mails_to(ADA), 1);
    let north = scene.north().await;
    scene.one(scene.create(&north, ADA, &[])).await.unwrap();
    assert_eq!(scene.mails_to(ADA), 1, "somebody known is assigned without a mail");
    let twice = scene.one(scene.create(&north, ADA, &[])).await;
    assert!(twice.is_ok() && scene.mails_to(ADA) == 1, "a second time is done already: {twice:?}");

    let mail = |account: &AccountId| Action::MailMember { account: account.clone(), person: ada.clone() };
    let refused = scene.one(mail(&north)).await.unwrap_err();
    assert!(refused.hint.unwrap().contains("primary tenant"));
    assert!(scene.one(mail(&scene.acme())).await.is_ok());
    assert_eq!(scene.mails_to(ADA), 2);
    // An answer that is lost is not asked for again.
    let path = "/api/v1.0/accounts/*/users/*/sendActivationEmail";
    scene.sim.set_faults(vec![Fault::new(path, Effect::HangupAfter).method("POST").times(1)]);
    let lost = scene.one(mail(&scene.acme())).await.unwrap_err();
    assert_eq!((lost.sent, scene.mails_to(ADA)), (orgform_provider::Sent::Unknown, 3));
}

/// Two worlds that differ in one thing only, which nothing shows.
#[tokio::test]
async fn trap_07_whoever_has_activated_looks_like_whoever_has_not() {
    let (scene, ada) = Scene::with_ada(&["user.admin"]).await;
    let look =
        async || (scene.content(&scene.acme()).await, scene.member(&scene.acme(), &ada).await.unwrap());
    let before = look().await;
    assert!(scene.sim.activated().iter().all(|email| email != ADA));
    scene.sim.act(Act::Activate { email: ADA.into() }).unwrap();
    assert!(scene.sim.activated().iter().any(|email| email == ADA));
    assert_eq!(look().await, before);
    // So there is nothing that waits, and what is known of mails is what we remember of sending them.
    assert!(before.0.invites.is_empty() && before.0.past_invites.is_empty());
    assert!(!SEMANTICS.people.invited && !CAPABILITIES.resend_invite && !CAPABILITIES.invites_expire);
}

#[tokio::test]
async fn trap_08_a_deleted_account_is_flagged_and_another_of_its_name_is_another_one() {
    for switches in ["", "deleted-account=hidden", "date-deleted=boolean"] {
        let scene = Scene::under(switches).await;
        let north = scene.north().await;
        assert_eq!(scene.one(Action::RemoveAccount { account: north.clone() }).await, Ok(Applied::Gone));
        assert!(!scene.directory().await.accounts.contains_key(&north), "under `{switches}`");
        assert_ne!(scene.north().await, north, "under `{switches}`");
    }
}

/// What the plan is told to count is what mails: `enabled`, once for each who may log in, and no other field.
#[tokio::test]
async fn trap_09_enabling_an_account_mails_everybody_who_may_log_in() {
    assert_eq!(SEMANTICS.accounts.mails_everyone, Some("enabled"));
    let scene = Scene::under("create-mail=when-enabled").await;
    let north = scene.north().await;
    let people = [ADA, "grace@acme.example", "linus@acme.example"];
    for email in people {
        assert!(scene.one(scene.create(&north, email, &[])).await.is_ok());
    }
    let linus = scene.content(&north).await.members;
    let (linus, _) = linus.iter().find(|(_, one)| one.email == Some(Email::new(people[2]))).unwrap();
    let disable = Action::Disable { account: north.clone(), person: linus.clone() };
    assert!(scene.one(disable).await.is_ok());
    let change = |field: &str, from: Option<Value>, to: Value| Action::UpdateAccount {
        account: north.clone(),
        changes: vec![FieldChange { field: field.into(), from, to: Some(to) }],
    };
    let mails = || people.map(|email| scene.mails_to(email));
    let renamed = change("displayName", Some(Value::text("North")), Value::text("The North"));
    assert!(scene.one(renamed).await.is_ok());
    assert_eq!(mails(), [0, 0, 0], "another field mails nobody");

    let enable = change("enabled", Some(Value::Flag(false)), Value::Flag(true));
    assert!(scene.one(enable.clone()).await.is_ok());
    assert_eq!(mails(), [1, 1, 0], "whoever may not log in is not mailed");
    assert!(scene.one(enable).await.is_ok());
    assert_eq!(mails(), [1, 1, 0], "a second time is done already");
}

#[tokio::test]
async fn trap_10_what_can_only_be_written_is_in_no_observation() {
    for switches in ["", "account-places=shown"] {
        let scene = Scene::under(switches).await;
        let north = scene.north().await;
        let fields = scene.directory().await.accounts[&north].fields.clone();
        assert!(
            !fields.contains_key("timezone") && !fields.contains_key("countryCode"),
            "under `{switches}`"
        );
    }
}

#[tokio::test]
async fn trap_11_an_empty_401_gets_another_token_and_a_404_is_stale_or_gone() {
    let (scene, ada) = Scene::with_ada(&[]).await;
    scene.sim.advance(std::time::Duration::from_secs(7200));
    assert!(scene.member(&scene.acme(), &ada).await.is_some(), "the token had run out");
    let nobody = PersonId::from("00000000-0000-4000-8000-000000000000");
    assert_eq!(scene.member(&scene.acme(), &nobody).await, None);
    let mail = Action::MailMember { account: scene.acme(), person: nobody };
    assert_eq!(scene.one(mail).await.unwrap_err().kind, ErrorKind::Stale);
}

#[tokio::test]
async fn trap_12_what_was_made_is_read_again() {
    let scene = Scene::new().await;
    let north = scene.north().await;
    let log: Vec<String> =
        scene.sim.request_log().into_iter().map(|one| format!("{} {}", one.method, one.path)).collect();
    assert_eq!(
        log[log.len() - 2..],
        ["POST /api/v1.0/accounts".to_owned(), format!("GET /api/v1.0/accounts/{north}")]
    );
    assert_eq!(scene.directory().await.accounts[&north].fields["reference"], Value::text("acme-north"));
}

#[tokio::test]
async fn charges_are_accepted_only_where_the_manifest_does() {
    let scene = Scene::under("charges=required").await;
    let refused = scene.one(scene.create(&scene.acme(), ADA, &[])).await.unwrap_err();
    assert!(refused.hint.unwrap().contains("acceptCharges: true") && scene.mails_to(ADA) == 0);
    let agreed = [orgform_xarios::ACCEPT_CHARGES];
    let token = scene.sim.act(Act::Approve { read_only: false }).unwrap().token.unwrap();
    let approval = Approval { refresh_token: token.leak(), ..Sim::admin() };
    let writer = writer(&scene.sim, approval, Arc::new(TokensInMemory::default()), &agreed).unwrap();
    let scene = Scene { sim: scene.sim, writer };
    assert!(scene.one(scene.create(&scene.acme(), ADA, &[])).await.is_ok());
}

#[tokio::test]
async fn more_accounts_than_a_page_has_are_all_seen() {
    let scene = Scene::new().await;
    for number in 0..1001 {
        let act = Act::CreateAccount { name: format!("A{number}"), reference: None, enabled: false };
        scene.sim.act(act).unwrap();
    }
    assert_eq!(scene.directory().await.accounts.len(), 1002);
}

/// A store that a run is killed at.
#[derive(Clone, Debug, Default)]
struct Killed {
    inner: Arc<TokensInMemory>,
    at_write_back: Arc<AtomicBool>,
}

#[async_trait]
impl Tokens for Killed {
    async fn take(&self, first: &SecretString) -> Result<Box<dyn Taken>, String> {
        Ok(Box::new(TakenThen { killed: self.clone(), inner: self.inner.take(first).await? }))
    }
}

struct TakenThen {
    killed: Killed,
    inner: Box<dyn Taken>,
}

impl Taken for TakenThen {
    fn token(&self) -> &SecretString {
        self.inner.token()
    }

    fn replace(&mut self, next: &SecretString) -> Result<(), String> {
        if self.killed.at_write_back.load(Ordering::Relaxed) {
            return Err("and the disk is full".to_owned());
        }
        self.inner.replace(next)
    }
}

#[tokio::test]
async fn a_new_refresh_token_is_kept_before_the_access_token_is_used() {
    let scene = Scene::new().await;
    let tokens = Killed::default();
    let connect = || writer(&scene.sim, Sim::reader(), Arc::new(tokens.clone()), &[]).unwrap();
    assert!(connect().observe(&Scope::Directory).await.is_ok());
    let first = SecretString::from(Sim::reader().refresh_token);
    let kept = tokens.inner.take(&first).await.unwrap().token().expose_secret().to_owned();
    assert_ne!(kept, Sim::reader().refresh_token);
    assert!(connect().observe(&Scope::Directory).await.is_ok(), "the next run uses the kept one");

    // A run that can't keep the next one does nothing with the access token.
    tokens.at_write_back.store(true, Ordering::Relaxed);
    let reads = scene.sim.stats().reads;
    let error = connect().observe(&Scope::Directory).await.unwrap_err();
    assert!(error.said.contains("the disk is full") && scene.sim.stats().reads == reads, "{error:?}");
    // Its token is spent, and the next run says what a person has to do; a new approval is all that is needed.
    tokens.at_write_back.store(false, Ordering::Relaxed);
    let error = connect().observe(&Scope::Directory).await.unwrap_err();
    let said = format!("{error} {}", error.hint.clone().unwrap());
    assert!(error.kind == ErrorKind::Denied && said.contains("approve again"), "{said}");
    assert!(!said.contains(&kept) && !said.contains(Sim::reader().refresh_token), "{said}");
    let again = scene.sim.act(Act::Approve { read_only: true }).unwrap().token.unwrap();
    let approval = Approval { refresh_token: again.leak(), ..Sim::reader() };
    let writer = writer(&scene.sim, approval, Arc::new(tokens.clone()), &[]).unwrap();
    assert!(writer.observe(&Scope::Directory).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_of_a_refresh_is_told_and_not_tried_again() {
    let scene = Scene::under("reuse=revokes").await;
    scene.sim.set_faults(vec![Fault::new("/connect/token", Effect::HangupAfter).method("POST").times(1)]);
    let error = scene.writer.observe(&Scope::Directory).await.unwrap_err();
    assert!(error.hint.unwrap().contains("approve again"), "{}", error.said);
    assert_eq!(scene.sim.stats().logins, 1, "a second try would end the approval");
}

#[tokio::test]
async fn a_wrong_client_and_a_missing_credential_are_told_apart() {
    let scene = Scene::new().await;
    let wrong = Approval { client_secret: "wrong-and-secret", ..Sim::admin() };
    let writer = writer(&scene.sim, wrong, Arc::new(TokensInMemory::default()), &[]).unwrap();
    let error = writer.observe(&Scope::Directory).await.unwrap_err();
    assert!(error.said.contains("client secret from the test's clientSecret"), "{error:?}");
    assert!(!error.said.contains("wrong-and-secret"), "{error:?}");
}
