//! A status comes back from the server as the types wrote it: nothing of it is pruned or changed.

use std::fmt::Debug;

use orgform_spec::crd::{
    AccountStatus, ApiKeyStatus, Changed, Condition, Cost, Counts, Deferred, Ending, HeldGroup, Invite,
    InviteState, Kept, LossesAt, MailOutcome, MemberStatus, MemberSummary, MembershipPhase, MembershipStatus,
    Offer, Pass, ProviderStatus, Refused, Remembered, Retained, RoleStatus, Said, Section, Spent, Unseen,
    Waiting, WaitingInvites, condition,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::bed::{apply, object, plane};

const AT: &str = "2026-11-23T07:31:00Z";

/// Makes an object, writes its status as the operator does, and reads it back.
fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(kind: &str, spec: &str, status: &T) {
    let namespace = plane().namespace().unwrap();
    apply(&namespace, &object(kind, "x", spec)).ok().unwrap();
    let written = json!({
        "apiVersion": "orgform.dev/v1alpha1", "kind": kind, "metadata": { "name": "x" }, "status": status,
    });
    let write = ["apply", "--namespace", &namespace, "--server-side", "--subresource=status", "-f", "-"];
    let said = plane().kubectl().feed(&write, &written.to_string()).unwrap();
    assert!(said.success && said.err.is_empty(), "{kind}: {said:?}");
    let kind = format!("{}.orgform.dev/x", kind.to_lowercase());
    let read = plane().kubectl().run(&["get", "--namespace", &namespace, &kind, "-o", "json"]).unwrap();
    let read: Value = serde_json::from_str(&read.ok().unwrap()).unwrap();
    assert_eq!(&serde_json::from_value::<T>(read["status"].clone()).unwrap(), status);
}

fn conditions() -> Vec<Condition> {
    let types =
        [condition::READY, condition::RECONCILING, condition::STALLED, condition::JOINED, condition::HELD];
    let condition = |type_: &str| Condition {
        type_: type_.to_owned(),
        status: "False".to_owned(),
        reason: "Invited".to_owned(),
        message: "ada@acme.example has not accepted.".to_owned(),
        last_transition_time: serde_json::from_value(json!(AT)).unwrap(),
        observed_generation: Some(1),
    };
    types.into_iter().map(condition).collect()
}

fn said() -> Vec<Said> {
    let said = |provider: &str| Said { provider: provider.into(), text: "{}".into() };
    vec![said("pureport"), said("other/pureport"), said("other/")]
}

fn remembered() -> Vec<Remembered> {
    let entry =
        r#"{"membership":{"account":"ac-1","email":"ada@acme.example","record":{"granted":{"r-1":null}}}}"#;
    vec![
        Remembered { provider: "pureport".into(), entries: vec![entry.into()] },
        Remembered { provider: "org/keycloak".into(), entries: vec![] },
    ]
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn what_is_said_of_an_account_a_role_and_a_key_stays() {
    let (at, id) = (Some("sha256:0123".to_owned()), Some("ac-1".to_owned()));
    let provider = Some("org/pureport".to_owned());
    let account = AccountStatus {
        conditions: conditions(),
        observed_generation: Some(1),
        provider: provider.clone(),
        external_id: id.clone(),
        people: Some(12),
        waiting: Some(0),
        digest: at.clone(),
        remembered: remembered(),
        said: said(),
    };
    there_and_back("Account", "{ providerRef: { name: pureport } }", &account);
    let role = RoleStatus {
        conditions: conditions(),
        observed_generation: Some(1),
        provider: provider.clone(),
        external_id: id.clone(),
        holders: Some(3),
        digest: at.clone(),
        remembered: remembered(),
        said: said(),
    };
    there_and_back("Role", "{ accountRef: { name: acme } }", &role);
    let key = ApiKeyStatus {
        conditions: conditions(),
        observed_generation: Some(1),
        provider,
        external_id: id,
        secret: Some("Stored".into()),
        digest: at,
        remembered: remembered(),
        said: said(),
    };
    there_and_back("ApiKey", "{ accountRef: { name: acme }, externalId: k }", &key);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn what_is_said_of_a_member_stays() {
    let at = Some(AT.parse().unwrap());
    let phases = [
        MembershipPhase::Absent,
        MembershipPhase::Invited,
        MembershipPhase::Expired,
        MembershipPhase::Failed,
        MembershipPhase::Active,
        MembershipPhase::Disabled,
        MembershipPhase::Removed,
    ];
    let states = [InviteState::Pending, InviteState::Expired, InviteState::Failed];
    let mails = [MailOutcome::Sent, MailOutcome::Unknown, MailOutcome::Failed];
    let membership = |(index, phase): (usize, MembershipPhase)| MembershipStatus {
        account: format!("org/account-{index}"),
        phase,
        roles: vec!["Network operator".into()],
        external_id: Some("user-1".into()),
        invite: Some(Invite {
            state: states[index % 3],
            since: at,
            expires_at: at,
            mails: 2,
            last_mail: at,
            mail: Some(mails[index % 3]),
        }),
        reason: Some("Deferred".into()),
        message: Some("The account is not there yet.".into()),
    };
    let member = MemberStatus {
        conditions: conditions(),
        observed_generation: Some(1),
        summary: Some(MemberSummary {
            providers: "pureport".into(),
            accounts: "acme, lab, +3".into(),
            roles: "Admin".into(),
            invite: "Pending".into(),
        }),
        memberships: phases.into_iter().enumerate().map(membership).collect(),
        digest: Some("sha256:0123".into()),
        remembered: remembered(),
        said: said(),
    };
    there_and_back("Member", "{ email: ada@acme.example }", &member);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_whole_picture_of_a_provider_stays() {
    let at = AT.parse().unwrap();
    let address = || "pureport/acme/finance:member/ada@acme.example".to_owned();
    let changed = || Changed { address: address(), kind: "remove".into(), what: "loses Admin".into() };
    let kept = || Kept { address: address(), what: "member, Admin".into(), because: "unmanaged".into() };
    let provider = ProviderStatus {
        conditions: conditions(),
        observed_generation: Some(1),
        connection: Some("pureport https://api.pureport.com".into()),
        unverified: Some(at),
        external_id: Some("ac-1".into()),
        counts: Some(Counts { accounts: 1, roles: 2, people: 3, memberships: 4, api_keys: 5, active: 6 }),
        changes: std::iter::repeat_with(changed).take(60).collect(),
        waiting: Some(WaitingInvites {
            total: 1,
            oldest: Some(at),
            first: vec![Waiting { address: address(), since: Some(at), mails: 1 }],
        }),
        drift: [kept()].into_iter().collect(),
        kept: [kept()].into_iter().collect(),
        refused: [Refused {
            address: address(),
            what: "revoke Admin".into(),
            because: "it is protected".into(),
            next: "take it out of `protected`.".into(),
        }]
        .into_iter()
        .collect(),
        held: vec![HeldGroup {
            digest: "sha256:0123".into(),
            account: Some("acme/finance".into()),
            because: "11 of 14 people would lose access".into(),
            since: Some(at),
            people: ["ada@acme.example".to_owned()].into_iter().collect(),
            changes: [changed()].into_iter().collect(),
        }],
        held_people: Some(11),
        deferred: [Deferred {
            address: address(),
            what: "invite as Admin".into(),
            because: "perDay is used up".into(),
            until: Some(at),
        }]
        .into_iter()
        .collect(),
        ending: [Ending { address: address(), role: "Auditor".into(), at }].into_iter().collect(),
        unseen: [Unseen { account: None, because: "401".into(), hint: Some("look at the Secret.".into()) }]
            .into_iter()
            .collect(),
        cost: Some(Cost { writes: 1, mails: 2, per_second: 3, seconds: 4 }),
        digest: Some("sha256:4567".into()),
        last_pass: Some(Pass { at, reads: 9, written: 1, failed: 0, said: "One change was made.".into() }),
        offers: vec![Offer { digest: "sha256:4567".into(), at, fingerprints: vec!["sha256:89ab".into()] }],
        losses: vec![LossesAt {
            at,
            account: "ac-1".into(),
            consented: true,
            people: vec!["x@acme.example".into()],
        }],
        spent: vec![Spent { digest: "sha256:cdef".into(), at }],
        retained: vec![Retained { account: "ac-1".into(), people: vec!["y@acme.example".into()] }],
        remembered: vec![r#"{"connected":{"connection":"pureport"}}"#.into()],
    };
    assert_eq!((provider.changes.total, provider.changes.first.len()), (60, 50));
    assert!(Section::<String>::default().is_empty());
    let keys =
        "{ key: { secretKeyRef: { name: s, key: k } }, secret: { secretKeyRef: { name: s, key: s } } }";
    there_and_back("Provider", &format!("{{ pureport: {{ credentials: {keys} }} }}"), &provider);
}
