//! The judge sees what is wrong: a judge that never objects would make every run a good one.

use std::collections::{BTreeMap, BTreeSet};

use orgform_sim::pureport::{Mail, TrueAccount, TrueInvite, TrueRole, Truth};

use super::{Broken, Judge, Passage};
use crate::org::{Account, Ends, Org, Person, ROOT, Seat, Settings, StatePlace};

const ADA: &str = "ada@acme.example";

fn org(people: &[&str]) -> Org {
    let settings = Settings {
        endpoint: String::new(),
        state: StatePlace::File,
        wide_limits: true,
        report_drift: false,
        take_extra_grants: false,
        resend_at_once: false,
        look_up_always: false,
        remove_accounts: false,
        accept_agreements: false,
        protected: None,
    };
    let root = Account { parent: None, name: ROOT.1.to_owned(), description: None };
    let seat = Seat { roles: BTreeSet::from(["admin".to_owned()]), ends: Ends::Never };
    let person = |email: &&str| {
        let seats = BTreeMap::from([(ROOT.0.to_owned(), seat.clone())]);
        ((*email).to_owned(), Person { email: (*email).to_owned(), seats, offboarded: false })
    };
    Org {
        settings,
        accounts: BTreeMap::from([(ROOT.0.to_owned(), root)]),
        roles: BTreeMap::new(),
        people: people.iter().map(person).collect(),
    }
}

/// The root account with its Admin role, members who hold it, and people who are invited.
fn world(members: &[&str], invited: &[&str]) -> Truth {
    let admin = BTreeSet::from(["role-admin".to_owned()]);
    let role = TrueRole { name: "Admin".to_owned(), predefined: true, ..TrueRole::default() };
    let invite = |email: &&str| {
        let invite = TrueInvite { email: (*email).to_owned(), roles: admin.clone(), expired: false };
        (format!("invite-{email}"), invite)
    };
    let root = TrueAccount {
        name: ROOT.1.to_owned(),
        roles: BTreeMap::from([("role-admin".to_owned(), role)]),
        members: members.iter().map(|email| ((*email).to_owned(), admin.clone())).collect(),
        invites: invited.iter().map(invite).collect(),
        ..TrueAccount::default()
    };
    Truth { accounts: BTreeMap::from([("ac-root".to_owned(), root)]) }
}

fn mail(to: &str) -> Mail {
    let (to, kind, account) = (to.to_owned(), "invite".to_owned(), "ac-root".to_owned());
    Mail { to, kind, account, at: jiff::Timestamp::UNIX_EPOCH }
}

/// orgform ran, and nobody else did anything.
fn run(judge: &mut Judge, org: &Org, before: &Truth, after: &Truth, mails: &[Mail]) {
    let resent = BTreeSet::new();
    judge.passed(&Passage {
        org,
        before,
        after,
        mails,
        meanwhile: &[],
        went_well: true,
        lists_lied: false,
        resent: &resent,
    });
}

fn judged(org: &Org, before: &Truth, after: &Truth, mails: &[Mail]) -> Broken {
    let mut judge = Judge::new(before, false);
    run(&mut judge, org, before, after, mails);
    judge.broken
}

#[test]
fn an_invite_of_somebody_declared_and_absent_is_right_once() {
    let (org, before, after) = (org(&[ADA]), world(&[], &[]), world(&[], &[ADA]));
    assert!(judged(&org, &before, &after, &[mail(ADA)]).is_empty());
    assert_eq!(judged(&org, &before, &after, &[mail(ADA), mail(ADA)]).second_mails.len(), 1);
}

#[test]
fn a_mail_to_somebody_who_is_there_or_not_declared_is_wrong() {
    let there = world(&[ADA], &[]);
    assert_eq!(judged(&org(&[ADA]), &there, &there, &[mail(ADA)]).second_mails.len(), 1);
    assert_eq!(judged(&org(&[]), &world(&[], &[]), &world(&[], &[ADA]), &[mail(ADA)]).second_mails.len(), 1);
}

#[test]
fn who_was_removed_by_hand_is_not_mailed_again() {
    let (org, absent, invited) = (org(&[ADA]), world(&[], &[]), world(&[], &[ADA]));
    let mut judge = Judge::new(&absent, false);
    run(&mut judge, &org, &absent, &invited, &[mail(ADA)]);
    judge.others_acted(&invited, &absent);
    run(&mut judge, &org, &absent, &invited, &[mail(ADA)]);
    assert_eq!(judge.broken.second_mails.len(), 1);
}

#[test]
fn nobody_unmanaged_or_declared_may_be_removed() {
    let (there, gone) = (world(&[ADA], &[]), world(&[], &[]));
    for org in [org(&[]), org(&[ADA])] {
        assert_eq!(judged(&org, &there, &gone, &[]).wrong_removals.len(), 1);
    }
}

#[test]
fn who_was_declared_and_is_no_more_may_be_removed_and_must_be() {
    let (there, gone) = (world(&[ADA], &[]), world(&[], &[]));
    for (after, lost) in [(&gone, 0), (&there, 1)] {
        let mut judge = Judge::new(&gone, false);
        let invited = world(&[], &[ADA]);
        run(&mut judge, &org(&[ADA]), &gone, &invited, &[mail(ADA)]);
        run(&mut judge, &org(&[]), &invited, after, &[]);
        judge.judge_end(&org(&[]), after, &[]);
        assert!(judge.broken.wrong_removals.is_empty());
        assert_eq!(judge.broken.lost.len(), lost, "{:?}", judge.broken);
    }
}

#[test]
fn who_held_the_admin_role_of_another_account_held_the_admin_right() {
    let mut before = world(&[ADA], &[]);
    let role = TrueRole { name: "Admin".to_owned(), predefined: true, ..TrueRole::default() };
    let roles = BTreeMap::from([("role-other".to_owned(), role)]);
    before.accounts.insert("ac-other".to_owned(), TrueAccount { roles, ..TrueAccount::default() });
    let theirs = BTreeSet::from(["role-other".to_owned()]);
    before.accounts.get_mut("ac-root").unwrap().members.insert(ADA.to_owned(), theirs);
    let mut after = before.clone();
    after.accounts.get_mut("ac-root").unwrap().members.clear();
    let mut judge = Judge::new(&before, false);
    run(&mut judge, &org(&[ADA]), &before, &before, &[]);
    run(&mut judge, &org(&[]), &before, &after, &[]);
    assert!(judge.broken.is_empty(), "{:?}", judge.broken);
}

#[test]
fn who_is_declared_must_be_there_in_the_end() {
    let (org, nobody) = (org(&[ADA]), world(&[], &[]));
    let mut judge = Judge::new(&nobody, false);
    run(&mut judge, &org, &nobody, &nobody, &[]);
    judge.judge_end(&org, &nobody, &[]);
    assert_eq!(judge.broken.lost, [format!("{ADA} is not in acme")]);
}

#[test]
fn an_account_that_is_made_twice_is_seen() {
    let before = world(&[], &[]);
    let mut after = before.clone();
    for id in ["ac-one", "ac-two"] {
        let child = TrueAccount {
            name: "Lab".to_owned(),
            parent: Some("ac-root".to_owned()),
            ..TrueAccount::default()
        };
        after.accounts.insert(id.to_owned(), child);
    }
    assert_eq!(judged(&org(&[]), &before, &after, &[]).other, ["account Lab was made twice"]);
}
