//! Judges a run by the rules, from what is declared and what is there. Knows nothing of plans.
//!
//! - Nobody is mailed who is not declared, or who is there; and nobody twice for one time that they are declared.
//! - Nobody loses anything who is declared, or who never was.
//! - Nothing is there twice.
//! - In the end everybody is there, or invited, who is declared, and nobody who was ours and is declared no more.

use std::collections::{BTreeMap, BTreeSet};

use super::seats::{Key, Seats};
use super::seen::Seen;
use crate::judge::Broken;

/// One process of orgform, from outside.
pub(crate) struct Passage<'a> {
    pub(crate) declared: &'a Seats,
    pub(crate) before: &'a Seen,
    pub(crate) after: &'a Seen,
    /// To whom orgform had mails sent.
    pub(crate) mailed: &'a [String],
    /// What others changed while it ran.
    pub(crate) touched: &'a BTreeSet<Key>,
    /// It ended by itself, with nothing failed or unseen.
    pub(crate) went_well: bool,
    /// Lists lacked something, with no sign of it.
    pub(crate) lists_lied: bool,
    /// A person asked to mail these again.
    pub(crate) resent: &'a BTreeSet<String>,
}

/// Mails to one person.
#[derive(Clone, Copy, Debug, Default)]
struct Mails {
    declared: bool,
    may: usize,
    sent: usize,
}

/// The judge of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judge {
    mails: BTreeMap<String, Mails>,
    /// Ever declared when orgform ran.
    ever: BTreeSet<Key>,
    /// Surely remembered: declared and there at the end of a run that went well, and touched by nobody since.
    sure: BTreeSet<Key>,
    pub(crate) broken: Broken,
    pub(crate) losses: u64,
}

impl Judge {
    /// Others did something, and this is what there is now.
    ///
    /// Whom they removed everywhere may be made anew where they were declared and had not come yet, with one mail.
    pub(crate) fn others_acted(&mut self, touched: &BTreeSet<Key>, now: &Seen) {
        self.sure.retain(|key| !touched.contains(key));
        let removed: BTreeSet<&String> = touched.iter().map(|(_, email)| email).collect();
        for email in removed.into_iter().filter(|email| !now.is_known(email)) {
            self.mails.entry(email.clone()).or_default().may += 1;
        }
    }

    /// A process ended.
    pub(crate) fn passed(&mut self, passage: &Passage<'_>) {
        let Passage { declared, before, after, mailed: _, touched, went_well, lists_lied, resent: _ } =
            passage;
        self.ever.extend(declared.keys().cloned());
        self.judge_mails(passage);
        self.judge_losses(passage);
        for (what, times) in &after.counts {
            let earlier = before.counts.get(what).copied().unwrap_or_default();
            if *times > 1 && *times > earlier && touched.is_empty() {
                self.broken.other.push(format!("{what} is there {times} times"));
            }
        }
        self.others_acted(touched, after);
        if *lists_lied {
            self.sure.retain(|key| declared.contains_key(key));
        }
        if *went_well {
            self.sure.extend(declared.keys().filter(|key| after.members.contains_key(*key)).cloned());
        }
    }

    fn judge_mails(&mut self, passage: &Passage<'_>) {
        let Passage { declared, before, mailed, touched, resent, .. } = passage;
        let emails: BTreeSet<&String> = declared.keys().map(|(_, email)| email).collect();
        for (email, mails) in &mut self.mails {
            mails.declared &= emails.contains(email);
        }
        for email in &emails {
            let mails = self.mails.entry((*email).clone()).or_default();
            if !mails.declared {
                *mails = Mails { declared: true, may: mails.sent + 1, sent: mails.sent };
            }
        }
        for email in *resent {
            self.mails.entry(email.clone()).or_default().may += 1;
        }
        for email in *mailed {
            let mails = self.mails.entry(email.clone()).or_default();
            mails.sent += 1;
            if !emails.contains(email) {
                self.broken.second_mails.push(format!("{email} is not declared"));
            } else if mails.sent > mails.may {
                self.broken.second_mails.push(format!("{email}: mail {} of {}", mails.sent, mails.may));
            }
            let touched = touched.iter().any(|(_, one)| one == email);
            if before.is_known(email) && !resent.contains(email) && !touched {
                self.broken.second_mails.push(format!("{email} is there already"));
            }
        }
    }

    fn judge_losses(&mut self, passage: &Passage<'_>) {
        let Passage { declared, before, after, touched, .. } = passage;
        for (key, had) in &before.members {
            let has = after.members.get(key);
            let lost: BTreeSet<&String> =
                had.iter().filter(|role| has.is_none_or(|has| !has.contains(*role))).collect();
            if (has.is_some() && lost.is_empty()) || touched.contains(key) {
                continue;
            }
            self.losses += 1;
            let (account, email) = key;
            let ever = |key: &Key| self.ever.contains(key);
            // Who leaves everywhere may lose what others gave them elsewhere.
            let leaves = !declared.keys().any(|(_, one)| one == email)
                && self.ever.iter().any(|(_, one)| one == email);
            let wrongly = match declared.get(key) {
                Some(wanted) => has.is_none() || lost.iter().any(|role| wanted.contains(*role)),
                None => !ever(key) && !leaves,
            };
            if wrongly {
                let left = has.map_or("out".to_owned(), |has| format!("left with {has:?}"));
                self.broken.wrong_removals.push(format!("{email} in {account}: had {had:?}, is {left}"));
            }
        }
        for key in before.locked.iter().filter(|key| !after.is_there(key) && !touched.contains(*key)) {
            if !self.ever.contains(key) || declared.contains_key(key) {
                self.broken.wrong_removals.push(format!("{} in {}, who was locked out", key.1, key.0));
            }
        }
    }

    /// The end: no more faults, a person has decided what a person must. What is refused for good is `right`, by
    /// address.
    pub(crate) fn judge_end(&mut self, declared: &Seats, seen: &Seen, right: &[String]) {
        let refused = |email: &str| right.iter().any(|address| address.ends_with(email));
        for (key, wanted) in declared.iter().filter(|((_, email), _)| !refused(email)) {
            let (account, email) = key;
            match seen.members.get(key) {
                Some(has) if wanted.is_subset(has) => {}
                Some(has) => {
                    self.broken.lost.push(format!("{email} in {account} has {has:?}, not {wanted:?}"))
                }
                None if seen.waiting.contains_key(key) => {}
                None => self.broken.lost.push(format!("{email} is not in {account}")),
            }
        }
        for key in self.sure.iter().filter(|key| !declared.contains_key(*key) && !refused(&key.1)) {
            if seen.members.contains_key(key) {
                self.broken.lost.push(format!("{} is still in {}", key.1, key.0));
            }
        }
    }
}
