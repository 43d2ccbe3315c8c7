//! What became of writes that a run began and never saw the end of.

use std::path::Path;

use orgform_model::change::{Action, Change, Ref};
use orgform_model::invite::MailOutcome;
use orgform_model::policy::DriftPolicy;
use orgform_model::state::{AccountRecord, Intent, MailRecord, MembershipRecord, Record, Remember};
use orgform_model::{
    AccountId, Address, Email, ObjectKind, ObjectRef, ProviderState, RoleId, Timestamp, Value,
};
use orgform_plan::{ChangeKind, Plan, settle};

use crate::observe;
use crate::story::Story;

fn story(name: &str) -> Story {
    Story::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name))
}

fn address() -> Address {
    "pureport/acme:member/ada@acme.example".parse().unwrap()
}

/// An invite of ada as payer that was begun at this time.
fn inviting(story: &mut Story, at: &str) {
    inviting_into(story, at, "acme", "payer", "ada");
}

fn inviting_into(story: &mut Story, at: &str, account: &str, role: &str, who: &str) {
    let (id, role) = (AccountId::from(format!("ac-{account}")), format!("role-{account}-{role}"));
    let at: Timestamp = at.parse().unwrap();
    let record = MembershipRecord {
        object: ObjectRef::of_file(ObjectKind::Member, who),
        person: None,
        granted: [(role.as_str().into(), None)].into(),
        kept: Default::default(),
        removal: orgform_model::policy::Removal::Remove,
        mail: MailRecord { attempts: 1, last: Some(at), outcome: Some(MailOutcome::Sent) },
        leaving: false,
        disabled: false,
    };
    let email = Email::new(&format!("{who}@acme.example"));
    let action = Action::Invite {
        account: Ref::Known(id.clone()),
        email: email.clone(),
        roles: [Ref::Known(role.as_str().into())].into(),
    };
    let state = story.state.get_or_insert_default();
    state.memberships.get_mut(&id).unwrap().remove(&email);
    let path = story.desired.accounts.keys().find(|path| path.as_str().ends_with(account)).unwrap();
    let address = Address::member(&story.desired.provider, path, &email);
    let record = Record::Membership { account: id, email, record: Box::new(record) };
    let change = Change { address: address.clone(), action };
    state.intents.insert(address, Intent { at, change, then: Remember { record, losses: vec![] } });
}

/// Settles, and plans with what was found out.
fn settled(story: &mut Story) -> (ProviderState, Plan) {
    let mut state = story.state.clone().unwrap();
    let semantics = story.file.semantics();
    for entry in settle(&state, &story.world, semantics, &story.capabilities, story.file.now).entries {
        state.record(entry);
    }
    story.state = Some(state.clone());
    (state, observe::plan(&story.setting()))
}

#[test]
fn an_invite_that_is_visible_was_sent_and_is_not_sent_again() {
    let mut story = story("invite-waiting-is-converged");
    inviting(&mut story, "2026-11-23T11:00:00Z");
    let (state, plan) = settled(&mut story);
    assert!(state.intents.is_empty());
    assert!(plan.is_empty(), "{:?}", plan.changes);
    assert_eq!(plan.waiting[0].attempts, 1);
}

#[test]
fn an_invite_whose_person_has_joined_meanwhile_was_sent() {
    let mut story = story("invite-joined");
    inviting(&mut story, "2026-11-23T11:00:00Z");
    let (state, plan) = settled(&mut story);
    let record = state.membership(&"ac-acme".into(), &"ada@acme.example".into()).unwrap();
    assert_eq!(record.person, Some("user-ada".into()));
    assert!(plan.is_empty(), "{:?}", plan.changes);
}

#[test]
fn an_invite_that_is_not_visible_may_have_been_mailed_so_a_person_decides() {
    let mut story = story("invite-outcome-unknown");
    inviting(&mut story, "2026-11-23T11:00:00Z");
    let (state, plan) = settled(&mut story);
    assert!(state.intents.is_empty());
    assert!(plan.changes.is_empty(), "{:?}", plan.changes);
    assert_eq!(plan.refused[0].next, "orgform invites resend pureport/acme:member/ada@acme.example");
}

#[test]
fn an_invite_that_may_not_be_visible_yet_waits() {
    let mut story = story("invite-outcome-unknown");
    inviting(&mut story, "2026-11-23T11:59:58Z");
    let (state, plan) = settled(&mut story);
    assert!(state.intents.contains_key(&address()));
    assert!(plan.changes.is_empty(), "{:?}", plan.changes);
    assert_eq!(plan.deferred[0].until, Some("2026-11-23T12:00:03Z".parse().unwrap()));
}

#[test]
fn of_an_account_that_can_not_be_seen_nothing_is_found_out() {
    let mut story = story("invite-outcome-unknown");
    inviting(&mut story, "2026-11-23T11:00:00Z");
    let unseen = orgform_model::world::Unseen { because: "it was refused (403)".to_owned(), hint: None };
    story.world.contents.insert("ac-acme".into(), Err(unseen));
    let (state, plan) = settled(&mut story);
    assert!(state.intents.contains_key(&address()));
    assert!(plan.changes.is_empty(), "{:?}", plan.changes);
}

#[test]
fn an_update_that_was_not_carried_out_is_planned_again() {
    let mut story = story("adoption-extra-grant-is-drift");
    let now = story.file.now;
    let before = observe::plan(&story.setting());
    let change = before.changes[0].change.clone();
    let then = Remember { record: Record::Nothing, losses: vec![] };
    let at = now.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
    let intents = &mut story.state.as_mut().unwrap().intents;
    intents.insert(change.address.clone(), Intent { at, change, then });
    let (state, plan) = settled(&mut story);
    assert!(state.intents.is_empty());
    assert_eq!(plan.changes, before.changes);
}

#[test]
fn of_an_account_that_was_begun_only_what_it_shows_was_applied() {
    let mut story = story("account-consent-is-read-where-it-is-declared");
    story.desired.policy.drift = DriftPolicy::Report;
    let (path, account) = story.desired.accounts.first_key_value().unwrap();
    let address = Address::account(&story.desired.provider, path);
    let record = AccountRecord {
        object: account.object.clone(),
        path: path.clone(),
        applied: account.fields.clone(),
        removal: account.removal,
    };
    let action = Action::CreateAccount { parent: None, fields: account.fields.clone() };
    let then = Remember { record: Record::Account(Box::new(record)), losses: vec![] };
    let at = story.file.now.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
    let intent = Intent { at, change: Change { address: address.clone(), action }, then };
    let state = story.state.as_mut().unwrap();
    state.accounts.clear();
    state.intents.insert(address.clone(), intent);
    // It was made, and the run ended before the call that accepts its agreements.
    let content = story.world.contents.get_mut(&"ac-acme".into()).unwrap().as_mut().unwrap();
    content.fields.insert("consent".to_owned(), Value::text("Open"));

    let (state, plan) = settled(&mut story);
    assert!(state.intents.is_empty() && state.accounts.contains_key(&"ac-acme".into()));
    assert!(plan.drift.is_empty(), "nobody changed it behind us: {:?}", plan.drift);
    let changes: Vec<_> = plan.changes.iter().map(|one| (one.kind, &one.address)).collect();
    assert_eq!(changes, [(ChangeKind::Update, &address)]);
}

#[test]
fn somebody_whom_a_child_shows_by_what_is_held_above_has_not_joined_by_that() {
    let mut story = story("inherited-shown-below-is-no-membership");
    inviting_into(&mut story, "2026-11-23T11:00:00Z", "finance", "clerk", "grace");
    let (state, plan) = settled(&mut story);
    let record = state.membership(&"ac-finance".into(), &"grace@acme.example".into()).unwrap();
    assert_eq!((record.person.as_ref(), record.mail.outcome), (None, Some(MailOutcome::Unknown)));
    assert_eq!(plan.cost.mails, 0);
}

#[test]
fn an_invite_that_was_accepted_before_it_was_withdrawn_does_not_count_as_withdrawn() {
    let mut story = story("invite-undesired-and-joined");
    let email = Email::new("ada@acme.example");
    let account = AccountId::from("ac-acme");
    let invite = "invite-ada-1".into();
    let action = Action::Withdraw { account: account.clone(), invite, email: email.clone() };
    let record = Record::DropMembership { account: account.clone(), email: email.clone() };
    let at = story.file.now.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
    let then = Remember { record, losses: vec![] };
    let intent = Intent { at, change: Change { address: address(), action }, then };
    story.state.as_mut().unwrap().intents.insert(address(), intent);
    let (state, plan) = settled(&mut story);
    assert!(state.intents.is_empty() && state.membership(&account, &email).is_some());
    assert_eq!(plan.changes.iter().map(|one| one.kind).collect::<Vec<_>>(), [ChangeKind::Remove]);
}

#[test]
fn grants_of_an_invite_that_was_accepted_before_they_changed_are_not_taken_for_given() {
    let mut story = story("invite-joined-with-other-grants");
    let email = Email::new("ada@acme.example");
    let role = |name: &str| RoleId::from(format!("role-acme-{name}"));
    let state = story.state.as_mut().unwrap();
    let mut record = state.membership(&"ac-acme".into(), &email).unwrap().clone();
    record.granted = [(role("auditor"), None)].into();
    let action = Action::UpdateInvite {
        account: "ac-acme".into(),
        invite: "invite-ada-1".into(),
        email: email.clone(),
        from: [role("payer")].into(),
        roles: [Ref::Known(role("auditor"))].into(),
    };
    let record = Record::Membership { account: "ac-acme".into(), email, record: Box::new(record) };
    let at = story.file.now.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap();
    let then = Remember { record, losses: vec![] };
    let intent = Intent { at, change: Change { address: address(), action }, then };
    state.intents.insert(address(), intent);

    // The story reports drift only; but nobody took this grant away, it was never given.
    let (state, plan) = settled(&mut story);
    assert!(state.intents.is_empty());
    assert!(plan.drift.is_empty(), "{:?}", plan.drift);
    assert_eq!(plan.changes.iter().map(|one| one.kind).collect::<Vec<_>>(), [ChangeKind::Update]);
}
