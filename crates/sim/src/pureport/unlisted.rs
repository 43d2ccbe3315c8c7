//! New items that their list doesn't show yet (`list-lag`; pureport contract, section 11).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::switches::ListLag;

/// What is kept out of lists: by path of the list and id.
#[derive(Debug, Default)]
pub(crate) struct Unlisted(BTreeMap<(String, String), Until>);

#[derive(Debug)]
enum Until {
    Reads(u32),
    Time(Timestamp),
}

impl Unlisted {
    /// Keeps a new item out of its list for a while.
    pub(crate) fn hold_back(&mut self, location: &str, lag: ListLag, now: Timestamp) {
        let Some((list, id)) = location.rsplit_once('/') else { return };
        let until = match lag {
            ListLag::None | ListLag::Reads(0) => return,
            ListLag::Reads(reads) => Until::Reads(reads),
            ListLag::Seconds(seconds) => {
                Until::Time(now.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now))
            }
        };
        self.0.insert((list.to_owned(), id.to_owned()), until);
    }

    /// Leaves out of a list what it doesn't show yet.
    pub(crate) fn listed(&mut self, path: &str, items: Vec<(String, Value)>, now: Timestamp) -> Vec<Value> {
        if self.0.is_empty() {
            return items.into_iter().map(|(_, item)| item).collect();
        }
        let mut is_listed = |id: &str| {
            let place = (path.to_owned(), id.to_owned());
            let hidden = match self.0.get_mut(&place) {
                None => false,
                Some(Until::Time(end)) => now < *end,
                Some(Until::Reads(left)) => {
                    let hidden = *left > 0;
                    *left = left.saturating_sub(1);
                    hidden
                }
            };
            if !hidden {
                self.0.remove(&place);
            }
            !hidden
        };
        items.into_iter().filter(|(id, _)| is_listed(id)).map(|(_, item)| item).collect()
    }
}
