//! Each trap of the contract (section 12), against the simulator.

#![allow(clippy::unwrap_used, clippy::panic)] // In a test a simulator that can't be started may end it.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgform_model::policy::Removal;
use orgform_model::world::{AccountContent, Seen};
use orgform_model::{
    AccountId, Action, Address, Applied, Change, Email, FieldChange, Fields, PersonId, Ref, RoleId, Scope,
    SecretPlace, SecretRef, Value,
};
use orgform_packetfabric::{PROVIDER, Reader, SEMANTICS, Writer, options};
use orgform_provider::{
    Connection, Credential, ErrorKind, NoSecrets, Observe, Provider, ProviderError, Secrets,
};
use orgform_sim::packetfabric::{self as sim, Act, Sim};
use secrecy::SecretString;

const ADA: &str = "ada@acme.example";

/// A simulator, and a writer with an admin's key.
struct Scene {
    sim: Sim,
    writer: Writer,
}

#[derive(Debug)]
struct OnePassword;

impl Secrets for OnePassword {
    fn read(&self, from: &SecretRef) -> Result<SecretString, String> {
        match from {
            SecretRef::Env(name) if name == "FIRST" => Ok(SecretString::from("first password")),
            _ => Err("which is not set".to_owned()),
        }
    }
}

impl Scene {
    async fn new(switches: &str) -> Self {
        // Another test may have been first; all want the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = sim::Options { switches: switches.parse().unwrap(), ..sim::Options::default() };
        let sim = sim::start(options).await.unwrap();
        let writer = writer(&sim, &[("apiKey", Sim::admin_key())]);
        Self { sim, writer }
    }

    async fn with_ada() -> (Self, PersonId) {
        let scene = Self::new("").await;
        let id = scene.act(Act::AddUser { email: ADA.to_owned(), group: "regular".to_owned() });
        (scene, PersonId::from(id))
    }

    fn act(&self, act: Act) -> String {
        self.sim.act(act).unwrap().id.unwrap_or_default()
    }

    fn account(&self) -> AccountId {
        AccountId::from(self.sim.customer())
    }

    async fn look(&self) -> AccountContent {
        let scope = Scope::Account { id: self.account(), fields: BTreeSet::new() };
        let Seen::Account(content) = self.writer.observe(&scope).await.unwrap().seen else {
            panic!("no account")
        };
        content
    }

    async fn apply(&self, actions: Vec<(&str, Action)>) -> Vec<Result<Applied, ProviderError>> {
        let change = |(email, action)| {
            let address = Address::member(&"packetfabric".into(), &"acme".into(), &Email::new(email));
            Change { address, action }
        };
        self.writer.apply(&actions.into_iter().map(change).collect::<Vec<_>>()).await
    }

    async fn one(&self, email: &str, action: Action) -> Result<Applied, ProviderError> {
        self.apply(vec![(email, action)]).await.remove(0)
    }

    fn invite<'e>(&self, email: &'e str, group: &str) -> (&'e str, Action) {
        let account = Ref::Known(self.account());
        (email, Action::Invite { account, email: Email::new(email), roles: refs(group) })
    }

    fn move_to(&self, person: &PersonId, from: &str, to: &str) -> Action {
        let (account, person) = (self.account(), person.clone());
        Action::UpdateMember { account, person, from: BTreeSet::from([from.into()]), roles: refs(to) }
    }

    /// The requests since the last time, as method and path.
    fn requests(&self) -> Vec<String> {
        let log = self.sim.request_log();
        self.sim.clear_log();
        log.iter().map(|one| format!("{} {}", one.method, one.path)).collect()
    }

    fn mails_to(&self, email: &str) -> u64 {
        self.sim.stats().mails_by_recipient.get(email).copied().unwrap_or_default()
    }
}

fn writer(sim: &Sim, credentials: &[(&str, &str)]) -> Writer {
    Writer::connect(&connection(sim, credentials, &[]), quick()).unwrap()
}

fn reader(sim: &Sim, credentials: &[(&str, &str)], of_writer: &[(&str, &str)]) -> Reader {
    Reader::connect(&connection(sim, credentials, of_writer), quick()).unwrap()
}

fn connection(sim: &Sim, credentials: &[(&str, &str)], others: &[(&str, &str)]) -> Connection {
    let credential = |(field, secret): &(&str, &str)| Credential {
        field: (*field).to_owned(),
        source: format!("the test's {field}"),
        secret: SecretString::from((*secret).to_owned()),
    };
    Connection {
        endpoint: sim.url().parse().unwrap(),
        credentials: credentials.iter().map(credential).collect(),
        user_agent: "orgform-test".to_owned(),
        other_credentials: others.iter().map(credential).collect(),
        secrets: Arc::new(OnePassword),
        login: None,
        agreed: Default::default(),
        tokens: Arc::new(orgform_provider::TokensInMemory::default()),
        calls: Arc::new(orgform_provider::NoCalls),
    }
}

fn quick() -> orgform_http::Options {
    let mut options = options();
    options.retry = options.retry.fast();
    options
}

fn refs(group: &str) -> BTreeSet<Ref<RoleId>> {
    BTreeSet::from([Ref::Known(RoleId::from(group))])
}

#[tokio::test]
async fn trap_01_delete_is_one_way_and_not_the_default() {
    assert_eq!((SEMANTICS.people.removal, SEMANTICS.people.returns), (Removal::Disable, false));
    let (scene, ada) = Scene::with_ada().await;
    assert!(!scene.look().await.members[&ada].removal.reversible);
    let from = BTreeSet::from(["regular".into()]);
    let remove = Action::RemoveMember { account: scene.account(), person: ada, from, everywhere: false };
    assert_eq!(scene.one(ADA, remove.clone()).await, Ok(Applied::Gone));
    assert_eq!(scene.one(ADA, remove).await, Ok(Applied::Gone), "a second time is done already");
    let (_, again) = scene.invite(ADA, "regular");
    let error = scene.one(ADA, again).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Rejected { .. }), "{error:?}");
    assert!(error.hint.unwrap().contains("support"));
}

#[tokio::test]
async fn trap_02_disabled_is_written_and_never_shown() {
    let (scene, ada) = Scene::with_ada().await;
    let disable = Action::Disable { account: scene.account(), person: ada.clone() };
    assert!(scene.one(ADA, disable).await.is_ok());
    assert!(!scene.look().await.members[&ada].disabled && !SEMANTICS.people.disabled_shown);
    let enable = Action::Enable { account: scene.account(), person: ada };
    assert!(scene.one(ADA, enable).await.is_ok());
}

#[tokio::test]
async fn trap_03_an_email_is_no_field_that_can_be_set() {
    assert!(SEMANTICS.people.fields.iter().all(|rule| rule.name != "email"));
    let (scene, ada) = Scene::with_ada().await;
    let to = Some(Value::text("other@acme.example"));
    let changes = vec![FieldChange { field: "email".into(), from: None, to }];
    scene.sim.clear_log();
    let error = scene.one(ADA, Action::UpdatePerson { account: scene.account(), person: ada, changes }).await;
    assert!(matches!(error.unwrap_err().kind, ErrorKind::Rejected { .. }));
    assert!(scene.requests().iter().all(|request| request.starts_with("GET ")));
}

#[tokio::test]
async fn trap_04_a_new_login_is_the_same_person() {
    let (scene, ada) = Scene::with_ada().await;
    scene.act(Act::ChangeLogin { email: ADA.to_owned(), login: "countess".to_owned() });
    scene.sim.clear_log();
    let done = scene.one(ADA, scene.move_to(&ada, "regular", "support")).await;
    assert_eq!(done, Ok(Applied::Member { person: ada.clone(), roles: BTreeSet::from(["support".into()]) }));
    assert_eq!(scene.requests(), [format!("GET /v2/users/{ada}"), "PATCH /v2/users/countess".to_owned()]);

    let change = |from: &str, to: &str| Action::UpdatePerson {
        account: scene.account(),
        person: ada.clone(),
        changes: vec![FieldChange {
            field: "login".into(),
            from: Some(Value::text(from)),
            to: Some(Value::text(to)),
        }],
    };
    assert_eq!(scene.one(ADA, change("countess", "ada")).await, Ok(Applied::Person { person: ada.clone() }));
    assert_eq!(scene.look().await.person_fields[&ada]["login"], Value::text("ada"));
    let stale = scene.one(ADA, change("countess", "lovelace")).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Stale);
}

#[tokio::test]
async fn trap_05_nobody_is_invited_who_waits_already_or_is_a_user() {
    let (scene, ada) = Scene::with_ada().await;
    scene.act(Act::Invite { email: "grace@acme.example".to_owned(), group: "sales".to_owned() });
    scene.sim.clear_log();
    let wanted = vec![scene.invite(ADA, "regular"), scene.invite("grace@acme.example", "sales")];
    let outcomes = scene.apply(wanted).await;
    assert_eq!(outcomes[0], Ok(Applied::Member { person: ada, roles: BTreeSet::from(["regular".into()]) }));
    assert!(matches!(outcomes[1], Ok(Applied::Invited { .. })));
    assert!(scene.requests().iter().all(|request| request.starts_with("GET ")), "nothing was sent");
}

/// Somebody was made directly although an invite waits (false and true), somebody else signed up (true and true).
#[tokio::test]
async fn trap_06_an_invite_whose_user_exists_is_converged_not_pending() {
    let scene = Scene::new("").await;
    for email in [ADA, "grace@acme.example"] {
        scene.act(Act::Invite { email: email.to_owned(), group: "regular".to_owned() });
    }
    assert_eq!(scene.look().await.invites.len(), 2, "both wait");
    scene.act(Act::AddUser { email: ADA.to_owned(), group: "regular".to_owned() });
    scene.act(Act::Accept { email: "grace@acme.example".to_owned(), group: None });
    let content = scene.look().await;
    assert!(content.invites.is_empty(), "{:?}", content.invites);
    let past: Vec<(&str, bool)> =
        content.past_invites.iter().map(|one| (one.email.as_str(), one.accepted)).collect();
    assert_eq!(past, [(ADA, false), ("grace@acme.example", true)]);
    scene.sim.clear_log();
    let wanted = vec![scene.invite(ADA, "regular"), scene.invite("grace@acme.example", "regular")];
    let outcomes = scene.apply(wanted).await;
    assert!(outcomes.iter().all(|one| matches!(one, Ok(Applied::Member { .. }))), "{outcomes:?}");
    assert!(scene.requests().iter().all(|request| request.starts_with("GET ")), "nothing was sent");
}

#[tokio::test]
async fn trap_07_many_are_invited_in_one_call_and_one_is_an_array_too() {
    let scene = Scene::new("").await;
    let people: Vec<String> = (0..40).map(|number| format!("p{number}@acme.example")).collect();
    let wanted = people.iter().map(|email| scene.invite(email, "regular")).collect();
    let outcomes = scene.apply(wanted).await;
    assert!(outcomes.iter().all(|one| matches!(one, Ok(Applied::Invited { .. }))), "{outcomes:?}");
    let posts = |scene: &Scene| scene.requests().iter().filter(|one| one.starts_with("POST")).count();
    assert_eq!(posts(&scene), 1);
    assert!(matches!(scene.apply(vec![scene.invite(ADA, "regular")]).await[0], Ok(Applied::Invited { .. })));
    assert_eq!(posts(&scene), 1);
}

#[tokio::test]
async fn one_who_is_refused_is_told_and_the_others_go() {
    let scene = Scene::new("").await;
    let wanted = vec![
        scene.invite(ADA, "regular"),
        scene.invite("no address", "regular"),
        scene.invite("grace@acme.example", "no-such-group"),
        scene.invite("linus@acme.example", "admin"),
    ];
    let outcomes = scene.apply(wanted).await;
    assert!(matches!(&outcomes[0], Ok(Applied::Invited { .. })), "{outcomes:?}");
    let told = |at: usize| outcomes[at].clone().unwrap_err();
    assert_eq!(told(1).kind, ErrorKind::Rejected { field: Some("email".into()) });
    assert_eq!(told(2).kind, ErrorKind::Rejected { field: Some("roles".into()) });
    assert!(matches!(&outcomes[3], Ok(Applied::Invited { .. })), "{outcomes:?}");
    assert_eq!((scene.mails_to(ADA), scene.mails_to("linus@acme.example")), (1, 1));
}

#[tokio::test]
async fn a_mail_that_could_not_be_sent_is_told_whichever_way_the_server_says_it() {
    for (setting, is_there) in [("", true), ("undeliverable=whole", false)] {
        let scene = Scene::new(setting).await;
        scene.act(Act::BreakMail { email: ADA.to_owned() });
        let wanted = vec![scene.invite(ADA, "regular"), scene.invite("grace@acme.example", "regular")];
        let outcomes = scene.apply(wanted).await;
        match is_there {
            true => assert!(matches!(outcomes[0], Ok(Applied::Unmailed { .. })), "{outcomes:?}"),
            false => assert!(outcomes[0].is_err(), "{outcomes:?}"),
        }
        assert!(matches!(outcomes[1], Ok(Applied::Invited { .. })), "{outcomes:?}");
        assert_eq!(scene.mails_to("grace@acme.example"), 1);
    }
}

#[tokio::test]
async fn trap_08_every_group_of_a_legacy_user_is_seen_and_one_takes_their_place() {
    let (scene, ada) = Scene::with_ada().await;
    let groups = || ["admin", "read-only"].map(str::to_owned).to_vec();
    scene.act(Act::SetLegacyGroups { email: ADA.to_owned(), groups: groups() });
    let both: BTreeSet<RoleId> = groups().into_iter().map(RoleId::from).collect();
    assert_eq!(scene.look().await.members[&ada].roles, both);
    let place = |group: &str| SEMANTICS.roles.weakest_first.iter().position(|one| *one == group).unwrap();
    assert!(place("read-only") < place("admin"), "the lowest right is the effective one");

    // A plan that knew of the group that `group` shows and of no other would change what it has not seen.
    let stale = scene.one(ADA, scene.move_to(&ada, "admin", "regular")).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Stale);
    let single = Action::UpdateMember {
        account: scene.account(),
        person: ada.clone(),
        from: both,
        roles: refs("regular"),
    };
    let now = BTreeSet::from(["regular".into()]);
    let done = scene.one(ADA, single).await;
    assert_eq!(done, Ok(Applied::Member { person: ada.clone(), roles: now.clone() }));
    assert_eq!(scene.look().await.members[&ada].roles, now);
}

#[tokio::test]
async fn trap_09_lists_are_read_whatever_their_success_code() {
    for setting in ["list-status=201", "list-status=200"] {
        let scene = Scene::new(setting).await;
        assert_eq!(scene.look().await.members.len(), 2, "{setting}");
    }
}

#[tokio::test]
async fn trap_10_a_first_password_is_read_when_it_is_needed_and_never_told() {
    let scene = Scene::new("").await;
    let fields: Fields =
        [("firstName", "Ada"), ("lastName", "L"), ("phone", "+1 206 555 0100"), ("timezone", "UTC")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::text(value)))
            .collect();
    let create = |from: &str| Action::CreateMember {
        account: Ref::Known(scene.account()),
        email: Email::new(ADA),
        roles: refs("regular"),
        fields: fields.clone(),
        password: Some(SecretRef::Env(from.to_owned())),
    };
    let missing = scene.one(ADA, create("OTHER")).await.unwrap_err();
    assert!(missing.said.contains("env OTHER, which is not set"), "{missing}");
    assert!(matches!(scene.one(ADA, create("FIRST")).await, Ok(Applied::Member { .. })));
    assert_eq!(scene.mails_to(ADA), 0, "making sends no mail");
    let signed_in = writer(&scene.sim, &[("login", ADA), ("password", "first password")]);
    assert!(signed_in.observe(&Scope::Directory).await.is_ok());
    assert!(!format!("{:?}", create("FIRST")).contains("first password"));
}

#[tokio::test]
async fn trap_11_a_second_factor_is_told_with_the_way_out() {
    let scene = Scene::new("").await;
    let (founder, password) = scene.sim.founder();
    scene.act(Act::EnableMfa { email: founder.clone() });
    let signed_in = writer(&scene.sim, &[("login", &founder), ("password", password)]);
    let error = signed_in.observe(&Scope::Directory).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.hint.as_deref().unwrap().contains("apiKey"), "{error:?}");
    // With a key there is no log-in at all, and nothing waits for anything.
    scene.sim.clear_log();
    scene.writer.observe(&Scope::Directory).await.unwrap();
    let mut requests = scene.requests();
    requests.sort_unstable();
    assert_eq!(requests, ["GET /v2/customers/current", "GET /v2/team-invites", "GET /v2/users"]);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let scene = Scene::new("").await;
    let (founder, _) = scene.sim.founder();
    let wrong = writer(&scene.sim, &[("login", &founder), ("password", "guessed")]);
    scene.sim.clear_log();
    let error = wrong.observe(&Scope::Directory).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error:?}");
    assert_eq!(scene.requests(), ["POST /v2/auth/login"]);
}

#[tokio::test]
async fn trap_12_support_and_sales_are_groups() {
    let scene = Scene::new("").await;
    let wanted = vec![scene.invite(ADA, "support"), scene.invite("grace@acme.example", "sales")];
    assert!(scene.apply(wanted).await.iter().all(|one| matches!(one, Ok(Applied::Invited { .. }))));
    let desired = orgform_model::Desired::empty("packetfabric".into());
    assert!((PROVIDER.audit)(&desired).is_empty());
}

#[tokio::test]
async fn trap_13_the_group_of_a_pending_invite_stays_when_it_is_mailed_again() {
    let scene = Scene::new("").await;
    let Ok(Applied::Invited { invite, .. }) = scene.apply(vec![scene.invite(ADA, "regular")]).await.remove(0)
    else {
        panic!("she is not invited")
    };
    assert_eq!(scene.look().await.invites[0].id, invite, "the id that was answered is the id that is listed");
    let resend = Action::Resend {
        account: scene.account(),
        invite: invite.clone(),
        email: Email::new(ADA),
        from: BTreeSet::from(["regular".into()]),
        roles: refs("admin"),
    };
    let done = scene.one(ADA, resend).await;
    assert_eq!(done, Ok(Applied::Invited { invite, roles: BTreeSet::from(["regular".into()]) }));
    assert_eq!(scene.mails_to(ADA), 2);
}

#[tokio::test]
async fn a_login_with_signs_of_paths_never_touches_another_user() {
    let (scene, _) = Scene::with_ada().await;
    scene.act(Act::ChangeLogin { email: ADA.to_owned(), login: "ada".to_owned() });
    for (number, login) in ["ada#2", "a/b", "a%2f", "ada?x=1", "ada/../ada"].into_iter().enumerate() {
        let email = format!("other{number}@acme.example");
        let id = scene.act(Act::AddUser { email: email.clone(), group: "regular".to_owned() });
        scene.act(Act::ChangeLogin { email: email.clone(), login: login.to_owned() });
        let other = PersonId::from(id);
        let moved = scene.one(&email, scene.move_to(&other, "regular", "support")).await;
        assert!(
            matches!(&moved, Ok(Applied::Member { person, .. }) if *person == other),
            "{login}: {moved:?}"
        );
        let from = BTreeSet::from(["support".into()]);
        let remove =
            Action::RemoveMember { account: scene.account(), person: other.clone(), from, everywhere: false };
        assert_eq!(scene.one(&email, remove).await, Ok(Applied::Gone), "{login}");
        let there = scene.look().await;
        assert!(!there.members.contains_key(&other), "{login}");
        let ada = there.members.values().find(|one| one.email == Some(Email::new(ADA))).unwrap();
        assert_eq!(ada.roles, BTreeSet::from(["regular".into()]), "{login}");
    }
}

#[tokio::test]
async fn a_login_that_is_a_way_up_is_refused() {
    let (scene, ada) = Scene::with_ada().await;
    scene.act(Act::ChangeLogin { email: ADA.to_owned(), login: "..".to_owned() });
    scene.sim.clear_log();
    let error = scene.one(ADA, scene.move_to(&ada, "regular", "support")).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Rejected { .. }), "{error:?}");
    assert!(scene.requests().iter().all(|request| request.starts_with("GET ")));
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_with_its_source() {
    let scene = Scene::new("").await;
    let refused = writer(&scene.sim, &[("apiKey", "no such key")]);
    let error = refused.observe(&Scope::Directory).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.said.contains("the test's apiKey") && !error.said.contains("no such key"), "{error}");
    assert!(NoSecrets.read(&SecretRef::Env("X".into())).is_err());
}

#[tokio::test]
async fn whoever_may_only_read_sees_all_but_the_keys_of_others() {
    let scene = Scene::new("").await;
    let reader = reader(&scene.sim, &[("apiKey", Sim::reader_key())], &[]);
    let scope = Scope::Account { id: scene.account(), fields: BTreeSet::new() };
    let Seen::Account(content) = reader.observe(&scope).await.unwrap().seen else { panic!("no account") };
    assert!(content.people_complete.is_complete() && content.members.len() == 2);

    let admin = [("apiKey", Sim::admin_key()), ("apiKeyId", Sim::admin_key_id())];
    let (looking, its_id) = Sim::looking_key();
    let own = [("apiKey", looking), ("apiKeyId", its_id)];
    let keys = Scope::ApiKeys(scene.account());
    for (credentials, what) in [
        (vec![("apiKey", Sim::reader_key()), ("apiKeyId", "of somebody else")], "another user's"),
        (vec![("apiKey", looking)], "one that is not named"),
    ] {
        let error = self::reader(&scene.sim, &credentials, &admin).observe(&keys).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{what}");
    }
    let seen = self::reader(&scene.sim, &own, &admin).observe(&keys).await.unwrap().seen;
    let Seen::ApiKeys(seen) = seen else { panic!("no keys") };
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn the_token_of_a_key_is_in_no_text() {
    let scene = Scene::new("").await;
    let fields = Fields::from([("displayName".to_owned(), Value::text("CI"))]);
    let create = Action::CreateApiKey {
        account: Ref::Known(scene.account()),
        fields,
        roles: None,
        secret_to: SecretPlace::File { path: "key".to_owned() },
    };
    let Ok(Applied::ApiKey { id, secret }) = scene.one(ADA, create).await else { panic!("no key") };
    let secret = secret.unwrap();
    let made = writer(&scene.sim, &[("apiKey", secret.expose())]);
    assert!(made.observe(&Scope::Directory).await.is_ok(), "it is a key that works");
    let shown = format!("{secret:?} {id}");
    assert!(!shown.contains(secret.expose()), "{shown}");
    let remove = Action::RemoveApiKey { account: scene.account(), key: id };
    assert_eq!(scene.one(ADA, remove.clone()).await, Ok(Applied::Gone));
    assert_eq!(scene.one(ADA, remove).await, Ok(Applied::Gone), "a second time is done already");
}
