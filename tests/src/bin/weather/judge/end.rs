//! The judgement at the end: everything declared is there, and nothing that was ours and is declared no more.

use std::collections::BTreeSet;

use orgform_sim::pureport::Truth;

use super::Judge;
use super::there::{held, live, present, title, told_apart};
use crate::org::Org;

impl Judge {
    /// The end: no more faults, a person has decided what a person must. What is refused for good is `right`, by
    /// address.
    pub(crate) fn judge_end(&mut self, org: &Org, truth: &Truth, right: &[String]) {
        let refused = |thing: &str| right.iter().any(|address| address.ends_with(thing));
        let mut lost = vec![];
        for (label, account) in &org.accounts {
            let found = self.accounts.get(label).and_then(|id| truth.accounts.get(id));
            match found {
                None => lost.push(format!("account {label} is not there")),
                Some(_) if org.settings.report_drift => {}
                Some(found) if found.name != account.name => {
                    lost.push(format!("account {label} is called {}", found.name));
                }
                Some(found) if account.description.is_some() && found.description != account.description => {
                    lost.push(format!("account {label} has another description"));
                }
                Some(_) => {}
            }
        }
        for (label, role) in &org.roles {
            let found = self
                .roles
                .get(label)
                .and_then(|id| truth.accounts.values().find_map(|one| one.roles.get(id)));
            let cells: BTreeSet<String> =
                role.cells.iter().map(|(resource, action)| format!("{resource}:{action}")).collect();
            match found {
                None => lost.push(format!("role {label} is not there")),
                Some(_) if org.settings.report_drift || refused(&format!(":role/{label}")) => {}
                Some(found) if found.name != role.name || found.cells != cells => {
                    lost.push(format!("role {label} is {} with {:?}", found.name, found.cells));
                }
                Some(_) => {}
            }
        }
        for (label, email, seat) in org.live_seats() {
            let Some(id) = self.accounts.get(label) else { continue };
            let key = (id.clone(), email.to_owned());
            let track = self.tracks.get(&key).cloned().unwrap_or_default();
            let protected = refused(&format!("{label}:member/{email}")) && present(truth, &key);
            if org.settings.report_drift && track.ever_touched || protected {
                continue;
            }
            let (wanted, held) = (self.ids(id, seat, truth), held(truth, &key));
            // Whichever account's own Admin it is, it is the admin right here.
            let (wanted, held) = (told_apart(truth, &wanted), told_apart(truth, &held));
            let theirs: BTreeSet<String> = track.given.union(&track.before_us).cloned().collect();
            let theirs = told_apart(truth, &theirs);
            if !present(truth, &key) {
                lost.push(format!("{email} is not in {label}"));
            } else if !live(truth, &key) {
                // Its grants are put right when it is sent again.
            } else if wanted.len() < seat.roles.len() || !wanted.is_subset(&held) {
                lost.push(format!("{email} in {label} has {held:?} and not {wanted:?}"));
            } else if let Some(extra) = held.iter().find(|id| !wanted.contains(*id) && !theirs.contains(*id))
            {
                lost.push(format!("{email} in {label} still has {}", title(truth, extra)));
            }
        }
        self.broken.lost.extend(lost);
        self.judge_leftovers(org, truth);
    }

    /// Who was surely ours and is declared no more is out, but for what was not ours.
    fn judge_leftovers(&mut self, org: &Org, truth: &Truth) {
        for (key, track) in &self.tracks {
            let (account, email) = key;
            if !track.sure || track.touched || org.settings.protected.as_ref() == Some(email) {
                continue;
            }
            let label = self.label(account);
            if label.is_none() && org.settings.remove_accounts {
                // Goes with its account, or stays with it where the account has to stay.
                continue;
            }
            let declared = label.and_then(|label| org.live_seat(label, email)).is_some();
            let kept: BTreeSet<&String> = track.before_us.union(&track.given).collect();
            let ours = |id: &&String| track.roles.contains(*id) && !kept.contains(*id);
            if !declared && held(truth, key).iter().any(|id| ours(&id)) {
                self.broken.lost.push(format!("{email} is still in {}", label.unwrap_or(account)));
            }
        }
    }
}
