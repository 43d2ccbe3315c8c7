//! Judges a run by the rules, from what is declared, what is there and who did it. Knows nothing of plans.
//!
//! - Nobody is mailed who is not declared, or who is there; and nobody twice for one transition from absent.
//! - Nobody loses anything who is declared, was never declared, or is protected; what others made stays as it is.
//! - Nothing is made twice.
//! - In the end everything is there that is declared, and nothing that was ours and is declared no more.

mod end;
mod meaning;
#[cfg(test)]
mod tests;
mod there;

use std::collections::{BTreeMap, BTreeSet};

use orgform_sim::pureport::{Mail, Truth};

use self::there::{admin_of, changed, held, keys, live, present, shown, things, title, told_apart, touched};
use crate::org::{ADMINS, Label, Org, Seat};

/// Account by id, and e-mail.
type Key = (String, String);

/// What is known of one person in one account.
#[derive(Clone, Debug, Default)]
struct Track {
    /// Declared, and not over, when orgform last ran.
    declared: bool,
    /// Ids of roles that were ever declared here.
    roles: BTreeSet<String>,
    /// Whether it was ever declared when orgform ran, over or not.
    ever: bool,
    /// Whether orgform surely remembers it: it was declared and there at the end of a run that went well.
    sure: bool,
    /// Mails that may have been sent since it was declared last, and those that were.
    may: u32,
    mails: u32,
    /// What it had before it was ever declared.
    before_us: BTreeSet<String>,
    /// What others gave it while nobody could be sure that it is ours.
    given: BTreeSet<String>,
    /// Whether others had a hand in it since it was last declared otherwise, and whether they ever had.
    touched: bool,
    ever_touched: bool,
}

/// The rules that were broken, by kind, as sentences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broken {
    pub(crate) second_mails: Vec<String>,
    pub(crate) wrong_removals: Vec<String>,
    pub(crate) lost: Vec<String>,
    pub(crate) other: Vec<String>,
}

impl Broken {
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let kinds = [
            ("mailed wrongly", &self.second_mails),
            ("removed wrongly", &self.wrong_removals),
            ("lost", &self.lost),
            ("broken", &self.other),
        ];
        kinds.into_iter().flat_map(|(kind, texts)| texts.iter().map(move |text| (kind, text)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}

/// One run of orgform, from outside.
pub(crate) struct Passage<'a> {
    pub(crate) org: &'a Org,
    pub(crate) before: &'a Truth,
    pub(crate) after: &'a Truth,
    /// Mails that orgform had sent.
    pub(crate) mails: &'a [Mail],
    /// What others changed while it ran: before and after each act.
    pub(crate) meanwhile: &'a [(Truth, Truth)],
    /// It ended by itself, with nothing failed or unseen, and saw what there is.
    pub(crate) went_well: bool,
    /// Lists lacked something, with no sign of it.
    pub(crate) lists_lied: bool,
    /// A person asked to mail these again.
    pub(crate) resent: &'a BTreeSet<Key>,
}

/// The judge of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judge {
    tracks: BTreeMap<Key, Track>,
    /// Which account and role a label meant when orgform last ran, and every one that was ever declared.
    accounts: BTreeMap<Label, String>,
    roles: BTreeMap<Label, String>,
    ever_accounts: BTreeSet<String>,
    ever_roles: BTreeSet<String>,
    /// Accounts and roles that orgform surely remembers.
    known: BTreeSet<String>,
    /// Made by others.
    theirs: BTreeSet<String>,
    resend_at_once: bool,
    pub(crate) broken: Broken,
    /// People who lost something, rightly or not.
    pub(crate) losses: u64,
}

impl Judge {
    pub(crate) fn new(truth: &Truth, resend_at_once: bool) -> Self {
        let mut judge = Self { resend_at_once, ..Self::default() };
        judge.theirs = things(truth);
        judge
    }

    /// The id of a declared account.
    pub(crate) fn account(&self, label: &str) -> Option<&String> {
        self.accounts.get(label)
    }

    /// Whether an account, or `role/…` or `member/…` in it, is there as it is declared.
    pub(crate) fn is_there(&self, truth: &Truth, account: &str, thing: Option<&str>) -> bool {
        let id = self.accounts.get(account);
        match thing.and_then(|thing| thing.split_once('/')) {
            None => id.is_some_and(|id| truth.accounts.contains_key(id)),
            Some(("role", role)) => self.roles.get(role).is_some_and(|id| things(truth).contains(id)),
            Some((_, email)) => id.is_some_and(|id| live(truth, &(id.clone(), email.to_owned()))),
        }
    }

    /// Whether orgform may not remember yet that an account or role is the one that is declared: if others gave it
    /// another name now, nobody could tell.
    pub(crate) fn is_unsure(&self, id: &str) -> bool {
        let is_declared = self.accounts.values().chain(self.roles.values()).any(|one| one == id);
        !self.known.contains(id) && (is_declared || !self.theirs.contains(id))
    }

    /// Others did something, and orgform did not run.
    pub(crate) fn others_acted(&mut self, before: &Truth, after: &Truth) {
        self.theirs.extend(things(after).difference(&things(before)).cloned());
        for key in keys(before).union(&keys(after)) {
            let (was, is) = (held(before, key), held(after, key));
            if was == is && live(before, key) == live(after, key) {
                continue;
            }
            let track = self.tracks.entry(key.clone()).or_default();
            (track.touched, track.ever_touched) = (true, true);
            if !track.sure {
                track.given.extend(is.difference(&was).cloned());
            }
            let expired = live(before, key) && !live(after, key) && present(after, key);
            if expired && self.resend_at_once {
                track.may += 1;
            }
        }
    }

    /// Somebody made orgform forget what it knows of an account, or of `role/…` or `member/…` in it.
    pub(crate) fn forgotten(&mut self, org: &Org, account: &str, thing: Option<&str>) {
        if let Some(role) = thing.and_then(|thing| thing.strip_prefix("role/")) {
            self.roles.remove(role);
            return;
        }
        let email = thing.and_then(|thing| thing.strip_prefix("member/"));
        let id = self.accounts.get(account).cloned();
        for ((of, who), track) in &mut self.tracks {
            if Some(of) == id.as_ref() && email.is_none_or(|email| email == who) {
                track.sure = false;
                track.declared = false;
            }
        }
        if email.is_none() {
            // Roles are found again by name, like the account.
            self.accounts.remove(account);
            self.roles.retain(|label, _| org.roles.get(label).is_none_or(|role| role.account != account));
        }
    }

    /// orgform ran.
    pub(crate) fn passed(&mut self, passage: &Passage<'_>) {
        let org = passage.org;
        self.bind(org, passage.before);
        self.expect(org, passage.before);
        let touched = touched(passage.meanwhile);
        let mut labels = self.labels();
        for (before, after) in passage.meanwhile {
            self.bind(org, before);
            labels.extend(self.labels());
            self.others_acted(before, after);
        }
        self.bind(org, passage.after);
        labels.extend(self.labels());
        self.judge_mails(passage, &labels, &touched);
        self.judge_losses(passage, &touched);
        self.judge_things(passage);
        self.note(passage);
    }

    /// What may happen in the run that begins.
    fn expect(&mut self, org: &Org, truth: &Truth) {
        let wanted: BTreeMap<Key, &Seat> = org
            .live_seats()
            .filter_map(|(account, email, seat)| {
                Some(((self.accounts.get(account)?.clone(), email.to_owned()), seat))
            })
            .collect();
        for (key, track) in &mut self.tracks {
            if track.declared && !wanted.contains_key(key) {
                track.declared = false;
                track.touched = false;
            }
        }
        for (key, seat) in wanted {
            let roles = self.ids(&key.0, seat, truth);
            let track = self.tracks.entry(key.clone()).or_default();
            let is_there = live(truth, &key);
            if !track.ever {
                track.before_us = shown(truth, &key);
            }
            if !track.declared {
                (track.declared, track.ever, track.mails, track.touched) = (true, true, 0, false);
                track.may = u32::from(!is_there);
            } else if !track.sure && track.mails == 0 && !is_there {
                // As far as orgform can know this is still the first time.
                track.may = track.may.max(1);
            }
            track.roles.extend(roles);
        }
    }

    /// Ids of the roles of a seat, as far as they exist.
    fn ids(&self, account: &str, seat: &Seat, truth: &Truth) -> BTreeSet<String> {
        let admin = truth.accounts.get(account).and_then(admin_of);
        let id = |role: &Label| if role == "admin" { admin.clone() } else { self.roles.get(role).cloned() };
        seat.roles.iter().filter_map(id).collect()
    }

    /// What accounts are called in manifests, by id.
    fn labels(&self) -> BTreeMap<String, Label> {
        self.accounts.iter().map(|(label, id)| (id.clone(), label.clone())).collect()
    }

    fn label(&self, account: &str) -> Option<&Label> {
        self.accounts.iter().find(|(_, id)| *id == account).map(|(label, _)| label)
    }

    fn judge_mails(
        &mut self,
        passage: &Passage<'_>,
        labels: &BTreeMap<String, Label>,
        touched: &BTreeSet<Key>,
    ) {
        for mail in passage.mails {
            let key = (mail.account.clone(), mail.to.to_lowercase());
            let label = labels.get(&key.0);
            let seat = label.and_then(|label| passage.org.live_seat(label, &key.1));
            let said = format!("{} to {} about {}", mail.kind, key.1, label.unwrap_or(&key.0));
            let Some(seat) = seat else {
                self.broken.second_mails.push(format!("{said}: nobody declares that"));
                continue;
            };
            let roles = self.ids(&key.0, seat, passage.after);
            let track = self.tracks.entry(key.clone()).or_default();
            if !track.declared {
                // The account was made just now.
                (track.declared, track.ever, track.mails) = (true, true, 0);
                track.may += 1;
                track.roles.extend(roles);
            }
            let asked = passage.resent.contains(&key);
            track.may += u32::from(asked);
            track.mails += 1;
            if track.mails > track.may {
                let (mails, may) = (track.mails, track.may);
                self.broken.second_mails.push(format!("{said}: mail {mails} where {may} may be"));
            } else if live(passage.before, &key) && !touched.contains(&key) && !asked {
                self.broken.second_mails.push(format!("{said}: was there already"));
            }
        }
    }

    fn judge_losses(&mut self, passage: &Passage<'_>, touched: &BTreeSet<Key>) {
        for key in keys(passage.before) {
            let (was, is) = (held(passage.before, &key), held(passage.after, &key));
            let gone = !present(passage.after, &key);
            let lost: BTreeSet<&String> = was.difference(&is).collect();
            if (!gone && lost.is_empty()) || touched.contains(&key) {
                continue;
            }
            self.losses += 1;
            let titles: Vec<String> = lost.iter().map(|id| title(passage.before, id)).collect();
            let what = if gone { "is out".to_owned() } else { format!("lost {}", titles.join(", ")) };
            if let Some(because) = self.wrong(passage, &key, gone, &lost) {
                let label = self.label(&key.0).map_or(key.0.as_str(), String::as_str);
                self.broken.wrong_removals.push(format!("{} {what} in {label}: {because}", key.1));
            }
        }
    }

    /// Why a loss is not right, if it is not.
    fn wrong(
        &self,
        passage: &Passage<'_>,
        key: &Key,
        gone: bool,
        lost: &BTreeSet<&String>,
    ) -> Option<&'static str> {
        let (account, email) = key;
        let org = passage.org;
        if ADMINS.contains(&email.as_str()) || org.settings.protected.as_ref() == Some(email) {
            return Some("protected");
        }
        if org.person(email).is_some_and(|person| person.offboarded) {
            return None;
        }
        if !self.ever_accounts.contains(account) {
            return Some("in an account that nobody ever declared");
        }
        if !passage.after.accounts.contains_key(account) {
            // Whoever is in an account goes with it; whether it may go is judged there.
            return None;
        }
        let label = self.label(account);
        let seat = label.and_then(|label| org.live_seat(label, email));
        let over = label.and_then(|label| org.seat(label, email)).is_some_and(|_| seat.is_none());
        let track = self.tracks.get(key);
        if let Some(seat) = seat {
            let wanted = self.ids(account, seat, passage.before);
            if gone || lost.iter().any(|id| wanted.contains(*id)) {
                return Some("declared");
            }
        }
        if over {
            return None;
        }
        let Some(track) = track.filter(|track| track.ever) else { return Some("never declared") };
        let take = org.settings.take_extra_grants;
        // Whichever account's own Admin it is, it is the admin right here.
        let told = |roles: &BTreeSet<String>| told_apart(passage.before, roles);
        let (ours, before_us) = (told(&track.roles), told(&track.before_us));
        let lost = told(&lost.iter().map(|id| (*id).clone()).collect());
        if !take && lost.iter().any(|id| !ours.contains(id) && before_us.contains(id)) {
            return Some("was there before us");
        }
        None
    }

    /// Accounts and roles: what others made stays as it is, and nothing is made twice.
    fn judge_things(&mut self, passage: &Passage<'_>) {
        let acted: BTreeSet<String> = passage
            .meanwhile
            .iter()
            .flat_map(|(before, after)| {
                changed(before, after).into_iter().chain(things(after)).collect::<Vec<_>>()
            })
            .collect();
        for id in changed(passage.before, passage.after) {
            if acted.contains(&id) && !passage.meanwhile.is_empty() {
                continue;
            }
            if !self.ever_accounts.contains(&id) && !self.ever_roles.contains(&id) {
                self.broken.wrong_removals.push(format!("{id} was changed, and nobody ever declared it"));
            }
            let is_declared = self.accounts.values().chain(self.roles.values()).any(|one| *one == id);
            if is_declared && !things(passage.after).contains(&id) {
                self.broken.wrong_removals.push(format!("{id} is gone, and it is declared"));
            }
            if passage.before.accounts.contains_key(&id)
                && !passage.after.accounts.contains_key(&id)
                && !passage.org.settings.remove_accounts
            {
                self.broken.wrong_removals.push(format!("account {id} is gone, and accounts are retained"));
            }
        }
        let mut seen = BTreeSet::new();
        for (id, account) in &passage.after.accounts {
            if !self.theirs.contains(id) && !seen.insert((account.parent.clone(), account.name.clone())) {
                self.broken.other.push(format!("account {} was made twice", account.name));
            }
            for (role, one) in &account.roles {
                let ours = !self.theirs.contains(role) && !one.predefined;
                if ours && !seen.insert((Some(id.clone()), format!("role {}", one.name))) {
                    self.broken.other.push(format!("role {} was made twice in {}", one.name, account.name));
                }
            }
        }
    }

    /// What is known after a run.
    fn note(&mut self, passage: &Passage<'_>) {
        let seats: Vec<(Key, BTreeSet<String>)> = passage
            .org
            .live_seats()
            .filter_map(|(account, email, seat)| {
                let id = self.accounts.get(account)?;
                Some(((id.clone(), email.to_owned()), self.ids(id, seat, passage.after)))
            })
            .collect();
        for (key, roles) in seats {
            let track = self.tracks.entry(key.clone()).or_default();
            (track.declared, track.ever) = (true, true);
            track.roles.extend(roles);
            if passage.went_well && present(passage.after, &key) {
                track.sure = true;
            }
        }
        if passage.lists_lied {
            // Who is declared no more and not listed is taken for gone, and forgotten (limitations).
            self.tracks.values_mut().filter(|track| !track.declared).for_each(|track| track.sure = false);
        }
        if passage.went_well {
            self.known.extend(self.accounts.values().chain(self.roles.values()).cloned());
            for (key, track) in &mut self.tracks {
                // Let go of, or taken out.
                track.sure &= track.declared || present(passage.after, key);
            }
        }
    }
}
