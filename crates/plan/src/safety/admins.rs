//! Nobody is locked out: an account keeps enough active admins, and required admins keep the right.
//!
//! An admin of an account is whoever effectively holds the admin right there, inherited roles included; invited
//! and disabled people don't count. The limits refuse only what makes things worse, so an org that has no
//! admins yet can be applied.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::{Action, Ref};
use orgform_model::invite::InviteStatus;
use orgform_model::{AccountId, Address, Email, RoleId};

use crate::ground::Ground;
use crate::plan::{Deferred, Loser, Plan, PlannedChange, Refused};
use crate::reach::{grants_after, person_of};
use crate::roles::counting;
use crate::safety::wanted;

/// Active members who hold a role with the admin right, by account of the membership.
#[derive(Debug, Default)]
pub(super) struct Admins(BTreeMap<AccountId, BTreeSet<String>>);

impl Admins {
    /// Who is one now.
    pub(super) fn now(ground: &Ground<'_>) -> Self {
        Self::holding(ground, |id| ground.roles.known(id).is_some_and(|role| role.admin))
    }

    fn holding(ground: &Ground<'_>, admin: impl Fn(&RoleId) -> bool) -> Self {
        let mut admins = Self::default();
        for (account, content) in &ground.input.world.contents {
            let Ok(content) = content else { continue };
            for (person, member) in &content.members {
                if !member.disabled && counting(&member.roles, ground).into_iter().any(&admin) {
                    admins.add(account, ground.people.shown(person, member));
                }
            }
        }
        admins
    }

    /// Whether somebody who loses something is an admin there.
    pub(super) fn is_admin(&self, loser: &Loser, ground: &Ground<'_>) -> bool {
        self.effective(&loser.account, ground).contains(&loser.person)
    }

    fn add(&mut self, account: &AccountId, person: String) {
        self.0.entry(account.clone()).or_default().insert(person);
    }

    fn drop(&mut self, account: &AccountId, person: &str) {
        if let Some(people) = self.0.get_mut(account) {
            people.remove(person);
        }
    }

    fn has(&self, account: &AccountId, person: &str) -> bool {
        self.0.get(account).is_some_and(|people| people.contains(person))
    }

    /// The admins of an account, inherited ones included.
    fn effective(&self, account: &AccountId, ground: &Ground<'_>) -> BTreeSet<String> {
        up(account, ground).iter().filter_map(|id| self.0.get(id)).flatten().cloned().collect()
    }
}

/// Judges every change that takes the admin right from somebody.
pub(super) fn judge(before: &Admins, ground: &Ground<'_>, plan: &mut Plan) {
    if !plan.changes.iter().any(|change| !change.losers.is_empty()) {
        return;
    }
    let changes = std::mem::take(&mut plan.changes);
    let projected = Projected::new(before, changes.iter(), ground);
    let (taking, rest): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| projected.takes_the_right(change, before, ground));
    plan.changes = rest;
    let (mut going, staying): (Vec<_>, Vec<_>) =
        taking.into_iter().partition(|change| projected.verdict(change, ground).is_fine());
    for (change, verdict) in let_some_go(staying, &mut going, before, ground, plan) {
        stay(change, verdict, plan);
    }

    // What remains, and what each counts on, is told of all that go together.
    let projected = Projected::new(before, plan.changes.iter().chain(&going), ground);
    for mut change in going {
        match projected.verdict(&change, ground) {
            Verdict::Fine { remaining, counted_on } => {
                change.requires.extend(counted_on.into_iter().filter(|one| *one != change.address));
                if !remaining.is_empty() {
                    change.notes.push(remain_note(&remaining));
                }
                plan.changes.push(change);
            }
            verdict => stay(change, verdict, plan),
        }
    }
}

/// How many changes are tried one by one: each trial looks at everybody.
const TRIALS: usize = 32;

/// Of changes that are too many together, lets those go that can, one after the other by address; gives back the
/// rest. With too many of them all stay: then something larger is going on than one admin too many.
fn let_some_go(
    mut staying: Vec<PlannedChange>,
    going: &mut Vec<PlannedChange>,
    before: &Admins,
    ground: &Ground<'_>,
    plan: &Plan,
) -> Vec<(PlannedChange, Verdict)> {
    let count = staying.len();
    if count > TRIALS {
        let refuse = || Verdict::Refuse {
            because: format!("{count} changes would together leave accounts with too few admins"),
            next: "take the right from fewer people at once".into(),
        };
        return staying.into_iter().map(|change| (change, refuse())).collect();
    }
    staying.sort_by(|a, b| a.address.cmp(&b.address));
    let mut left = vec![];
    for change in staying {
        let with_it = plan.changes.iter().chain(going.iter()).chain([&change]);
        match Projected::new(before, with_it, ground).verdict(&change, ground) {
            Verdict::Fine { .. } => going.push(change),
            verdict => left.push((change, verdict)),
        }
    }
    left
}

fn stay(change: PlannedChange, verdict: Verdict, plan: &mut Plan) {
    let (what, place) = (wanted(&change), change.place);
    match verdict {
        Verdict::Fine { .. } => {}
        Verdict::Wait { until } => {
            let because = format!("too few admins would be left until {until} accepts");
            plan.deferred.push(Deferred { address: change.address, what, because, until: None });
        }
        Verdict::Refuse { because, next } => {
            plan.refused.push(Refused { address: change.address, what, because, next, place });
        }
    }
}

fn remain_note(remaining: &BTreeSet<String>) -> String {
    let names: Vec<_> = remaining.iter().take(4).map(String::as_str).collect();
    let more = if remaining.len() > 4 { ", …" } else { "" };
    let (s, verb) = if remaining.len() == 1 { ("", "s") } else { ("s", "") };
    format!("{} admin{s} remain{verb}: {}{more}", remaining.len(), names.join(", "))
}

enum Verdict {
    Fine { remaining: BTreeSet<String>, counted_on: BTreeSet<Address> },
    Wait { until: String },
    Refuse { because: String, next: String },
}

impl Verdict {
    fn is_fine(&self) -> bool {
        matches!(self, Self::Fine { .. })
    }
}

/// Who is an admin once everything is carried out.
struct Projected {
    after: Admins,
    /// Of those, who is one now too, and needs no other change for it.
    steady: Admins,
    /// People who will be, once they accept.
    pending: Admins,
    /// Changes that make somebody an admin, by account.
    gains: BTreeMap<AccountId, BTreeSet<Address>>,
    /// Accounts that go: nobody is locked out of what is not there.
    going: BTreeSet<AccountId>,
    /// Effective admins before and after, of every account in which somebody loses the right.
    effective: BTreeMap<AccountId, Effective>,
}

/// The admins of one account, inherited ones included.
struct Effective {
    was: BTreeSet<String>,
    is: BTreeSet<String>,
    steady: BTreeSet<String>,
}

impl Projected {
    fn new<'c>(
        before: &Admins,
        changes: impl Iterator<Item = &'c PlannedChange> + Clone,
        ground: &Ground<'_>,
    ) -> Self {
        let edited: BTreeSet<&RoleId> = changes.clone().filter_map(edited_role).collect();
        // An edit that is not part of this plan changes nobody's rights.
        let admin = |id: &RoleId| match edited.contains(id) {
            true => ground.roles.admin_after(&Ref::Known(id.clone()), ground),
            false => ground.roles.known(id).is_some_and(|role| role.admin),
        };
        let now = |id: &RoleId| ground.roles.known(id).is_some_and(|role| role.admin);
        let mut projected = Self {
            after: Admins::holding(ground, admin),
            steady: Admins::holding(ground, |id| now(id) && admin(id)),
            pending: pending(ground, admin),
            gains: BTreeMap::new(),
            going: BTreeSet::new(),
            effective: BTreeMap::new(),
        };
        for change in changes.clone() {
            projected.take(change, before, &admin, ground);
        }
        let losing = changes.filter(|change| projected.takes_the_right(change, before, ground));
        let touched: BTreeSet<&AccountId> =
            losing.flat_map(|change| &change.losers).map(|loser| &loser.account).collect();
        let reached: BTreeSet<AccountId> = touched.into_iter().flat_map(|id| reach_of(id, ground)).collect();
        projected.effective = reached
            .into_iter()
            .map(|id| {
                let sets = Effective {
                    was: before.effective(&id, ground),
                    is: projected.after.effective(&id, ground),
                    steady: projected.steady.effective(&id, ground),
                };
                (id, sets)
            })
            .collect();
        projected
    }

    fn take(
        &mut self,
        change: &PlannedChange,
        before: &Admins,
        admin: &impl Fn(&RoleId) -> bool,
        ground: &Ground<'_>,
    ) {
        match &change.change.action {
            Action::UpdateRole { account, role, .. } => {
                let now = ground.roles.known(role).is_some_and(|role| role.admin);
                if !now && admin(role) {
                    self.gains.entry(account.clone()).or_default().insert(change.address.clone());
                }
            }
            Action::RemoveAccount { account } => {
                self.after.0.remove(account);
                self.steady.0.remove(account);
                self.pending.0.remove(account);
                self.going.insert(account.clone());
            }
            Action::RemoveMember { everywhere: true, .. } => {
                for loser in &change.losers {
                    self.after.drop(&loser.account, &loser.person);
                    self.steady.drop(&loser.account, &loser.person);
                    self.pending.drop(&loser.account, &loser.person);
                }
            }
            _ => {}
        }
        let Some(grants) = grants_after(change) else { return };
        let Ref::Known(account) = &grants.account else { return };
        let Some(person) = person_of(change, ground) else { return };
        let gives = grants.roles.iter().any(|role| match role {
            Ref::Known(id) => admin(id),
            Ref::Created(_) => ground.roles.admin_after(role, ground),
        });
        let now = |id: &RoleId| ground.roles.known(id).is_some_and(|role| role.admin) && admin(id);
        let keeps = grants.active && grants.roles.iter().any(|role| role.known().is_some_and(now));
        if !keeps {
            self.steady.drop(account, &person);
        }
        if !gives {
            self.after.drop(account, &person);
            self.pending.drop(account, &person);
        } else if !grants.active {
            self.pending.add(account, person);
        } else if !is_disabled(change, ground) {
            if !before.has(account, &person) {
                self.gains.entry(account.clone()).or_default().insert(change.address.clone());
            }
            self.after.add(account, person);
        }
    }

    fn takes_the_right(&self, change: &PlannedChange, before: &Admins, ground: &Ground<'_>) -> bool {
        if let Some(role) = edited_role(change) {
            let now = ground.roles.known(role).is_some_and(|role| role.admin);
            if !now || ground.roles.admin_after(&Ref::Known(role.clone()), ground) {
                return false;
            }
        }
        change.losers.iter().any(|loser| {
            before.has(&loser.account, &loser.person) && !self.steady.has(&loser.account, &loser.person)
        })
    }

    fn verdict(&self, change: &PlannedChange, ground: &Ground<'_>) -> Verdict {
        let policy = &ground.input.desired.policy.safety;
        let minimum = policy.admin_minimum as usize;
        let mut remaining = BTreeSet::new();
        let mut counted_on = BTreeSet::new();
        let touched: BTreeSet<&AccountId> = change.losers.iter().map(|loser| &loser.account).collect();
        let reached: BTreeSet<AccountId> = touched.iter().flat_map(|id| reach_of(id, ground)).collect();
        for account in &reached {
            let Some(admins) = self.effective.get(account) else { continue };
            let Effective { was, is, steady } = admins;
            let required = policy.admins_required.iter().find(|email| {
                was.contains(email.as_str()) && !is.contains(email.as_str()) && loses(change, email)
            });
            let path = ground.accounts.label(account);
            if let Some(email) = required {
                return Verdict::Refuse {
                    because: format!("{email} must stay an admin of {path}"),
                    next: "take the person off `safety.admins.required` if this is right".into(),
                };
            }
            if self.going.contains(account) {
                continue;
            }
            if touched.contains(account) {
                remaining.extend(is.iter().cloned());
            }
            if is.len() < minimum && is.len() < was.len() {
                return self.too_few(change, account, admins, minimum, ground);
            }
            if was.intersection(steady).count() < minimum.min(was.len()) {
                for above in up(account, ground) {
                    counted_on.extend(self.gains.get(&above).into_iter().flatten().cloned());
                }
            }
        }
        Verdict::Fine { remaining, counted_on }
    }

    fn too_few(
        &self,
        change: &PlannedChange,
        account: &AccountId,
        Effective { was, is: left, steady: _ }: &Effective,
        minimum: usize,
        ground: &Ground<'_>,
    ) -> Verdict {
        let path = ground.accounts.label(account);
        let pending = self.pending.effective(account, ground);
        if left.union(&pending).count() >= minimum {
            let names: Vec<_> = pending.difference(left).take(3).cloned().collect();
            return Verdict::Wait { until: names.join(", ") };
        }
        let who: Vec<_> = left.iter().take(5).cloned().collect();
        let left_over = match who.as_slice() {
            [] => "no admin".to_owned(),
            [one] => format!("one admin, {one},"),
            several => format!("{} admins, {},", left.len(), several.join(", ")),
        };
        let own: BTreeSet<&str> = change.losers.iter().map(|loser| loser.person.as_str()).collect();
        let first: Vec<&str> =
            was.difference(left).map(String::as_str).filter(|person| !own.contains(person)).take(3).collect();
        let first = match first.as_slice() {
            [] => String::new(),
            people => format!("; this plan takes the right from {} already", people.join(", ")),
        };
        Verdict::Refuse {
            because: format!("{left_over} would be left in {path}, and the minimum is {minimum}{first}"),
            next: "make somebody else an admin first, or lower `safety.admins.minimum` in the Provider"
                .into(),
        }
    }
}

fn edited_role(change: &PlannedChange) -> Option<&RoleId> {
    match &change.change.action {
        Action::UpdateRole { role, .. } => Some(role),
        _ => None,
    }
}

/// People with a pending invite as admin.
fn pending(ground: &Ground<'_>, admin: impl Fn(&RoleId) -> bool) -> Admins {
    let mut pending = Admins::default();
    for (account, content) in &ground.input.world.contents {
        let invites = content.iter().flat_map(|content| &content.invites);
        for invite in invites.filter(|invite| invite.status == InviteStatus::Pending) {
            if invite.roles.iter().any(&admin) {
                pending.add(account, invite.email.to_string());
            }
        }
    }
    pending
}

fn is_disabled(change: &PlannedChange, ground: &Ground<'_>) -> bool {
    let Action::UpdateMember { account, person, .. } = &change.change.action else { return false };
    let content = ground.input.world.content(account);
    content.and_then(|content| content.members.get(person)).is_some_and(|member| member.disabled)
}

fn loses(change: &PlannedChange, email: &Email) -> bool {
    change.losers.iter().any(|loser| loser.person == email.as_str())
}

/// The accounts in which a membership of this account counts.
fn reach_of(account: &AccountId, ground: &Ground<'_>) -> Vec<AccountId> {
    let all = match ground.input.semantics.roles.inherited {
        true => ground.accounts.subtree(account),
        false => BTreeSet::from([account.clone()]),
    };
    // An account that nobody looked into may well have admins of its own.
    all.into_iter().filter(|id| id == account || ground.input.world.people_seen(id)).collect()
}

/// The account and those above it whose members have rights in it.
fn up(account: &AccountId, ground: &Ground<'_>) -> Vec<AccountId> {
    let mut chain = vec![account.clone()];
    if !ground.input.semantics.roles.inherited {
        return chain;
    }
    let directory = &ground.input.world.directory;
    let mut at = account;
    while let Some(parent) = directory.accounts.get(at).and_then(|account| account.parent.as_ref()) {
        if chain.contains(parent) {
            break;
        }
        chain.push(parent.clone());
        at = parent;
    }
    chain
}
