//! PacketFabric's weather: one customer, one group each, invites that can't be taken back, deletion for ever.

use std::collections::BTreeSet;

use orgform_sim::Simulator;
use orgform_sim::packetfabric::{Act, Sim, World};

use super::seen::Seen;
use super::{Elsewhere, Struck, Theirs};
use crate::dice::Dice;

pub(crate) struct PacketFabric;

const ACME: &str = "acme";
const GROUPS: [&str; 5] = ["admin", "regular", "read-only", "support", "sales"];

impl Elsewhere for PacketFabric {
    type World = World;

    const KIND: &'static str = "packetfabric";
    const ACCOUNTS: &'static [&'static str] = &[ACME];
    const ADMIN: &'static str = "founder@acme.example";
    const LEFT_OUT: &'static [(&'static str, &'static str)] = &[
        // Whoever is missing in a short list and is a user would be mailed, which nobody can prevent.
        ("live-invite", "accepted"),
        // An invite that can't be told from one that waits, and never ends.
        ("deleted-invite", "stuck"),
    ];
    const LISTS: &'static [Struck] = &[("GET", "/v2/users"), ("GET", "/v2/team-invites")];
    const WRITES: &'static [Struck] = &[
        ("POST", "/v2/team-invites"),
        ("PATCH", "/v2/users/*"),
        ("DELETE", "/v2/users/*"),
        ("POST", "/v2/team-invites/*/resend"),
    ];
    const WRITES_OF_A_RUN: u64 = 4;
    const REQUESTS_OF_A_RUN: u64 = 9;

    fn settle(sim: &Simulator<Self::World>, dice: &mut Dice) {
        for number in 0..dice.roll(4) {
            let group = GROUPS[dice.roll(GROUPS.len())].to_owned();
            // Somebody may be there already.
            let _ = sim.act(Act::AddUser { email: format!("s{number}@else.example"), group });
        }
    }

    fn manifest(url: &str, removes: bool) -> String {
        let (allow, removal) = if removes { ("[Irreversible]", "Remove") } else { ("[]", "Disable") };
        format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Provider\nmetadata: {{ name: packetfabric }}\nspec:\n  packetfabric:\n    \
             endpoint: {url}\n    credentials: {{ apiKey: {{ env: PF_TOKEN }} }}\n  runsAs: founder@acme.example\n  safety:\n    \
             allow: {allow}\n    admins: {{ minimum: 1 }}\n  removal: {{ members: {removal} }}\n---\napiVersion: \
             orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: acme }}\nspec: {{ providerRef: {{ name: packetfabric }}, \
             displayName: Acme }}\n"
        )
    }

    fn grants(_account: &str, dice: &mut Dice) -> BTreeSet<String> {
        BTreeSet::from([GROUPS[dice.roll(GROUPS.len())].to_owned()])
    }

    fn act(theirs: &Theirs) -> Act {
        match theirs.clone() {
            Theirs::Come(email) => Act::Accept { email, group: None },
            Theirs::Add { account: _, email, role } => Act::AddUser { email, group: role },
            Theirs::Regrant { account: _, email, role } => Act::SetGroup { email, group: role },
            Theirs::Remove { account: _, email } => Act::DeleteUser { email },
        }
    }

    fn seen(sim: &Simulator<Self::World>) -> Seen {
        let truth = sim.truth();
        let mut seen = Seen::default();
        for user in truth.users {
            let key = (ACME.to_owned(), user.email.clone());
            *seen.counts.entry(user.email).or_default() += 1;
            if user.disabled {
                seen.locked.insert(key);
            } else {
                seen.members.insert(key, user.groups);
            }
        }
        for invite in truth.waiting {
            *seen.counts.entry(format!("an invite of {}", invite.email)).or_default() += 1;
            *seen.waiting.entry((ACME.to_owned(), invite.email)).or_default() += 1;
        }
        seen
    }

    fn environment() -> Vec<(&'static str, String)> {
        vec![("PF_TOKEN", Sim::admin_key().to_owned())]
    }
}
