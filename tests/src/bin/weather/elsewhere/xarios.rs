//! Xarios' weather: accounts that are made, people who are mailed on creation, a primary tenant, and a refresh token
//! that is good once.

use std::collections::{BTreeMap, BTreeSet};

use orgform_sim::Simulator;
use orgform_sim::xarios::{Act, Approval, Sim, World};

use super::seen::Seen;
use super::{Elsewhere, Struck, Theirs};
use crate::dice::Dice;

pub(crate) struct Xarios;

/// Labels and names of the accounts.
const NAMES: [(&str, &str); 3] = [("acme", "Acme"), ("north", "Acme North"), ("bakery", "Bakery")];
const RESELLER: [&str; 4] = ["user.admin", "customer.admin", "branding.admin", "webhooks.admin"];
const CUSTOMER: [&str; 3] = ["admin.user", "customer.settings", "customer.user.supervisorl1"];
const IMPLIED: [&str; 2] = ["account.user", "customer.user"];

impl Elsewhere for Xarios {
    type World = World;

    const KIND: &'static str = "xarios";
    const ACCOUNTS: &'static [&'static str] = &["acme", "north", "bakery"];
    const ADMIN: &'static str = "ops@acme.example";
    const LEFT_OUT: &'static [(&'static str, &'static str)] = &[
        // Nobody can be in two tenants then.
        ("known-email", "refused"),
        // Who waits for an account to be enabled is mailed by whoever enables it.
        ("create-mail", "when-enabled"),
        // A page holds 1,000 by contract; less is for a test that counts pages.
        ("largest-page", "N"),
        // A run takes longer than it is good for.
        ("token-life", "N"),
    ];
    const LISTS: &'static [Struck] = &[
        ("GET", "/api/v1.0/accounts/*/users"),
        ("GET", "/api/v1.0/accounts/*/customers/*/users"),
        ("GET", "/api/v1.0/accounts"),
    ];
    const WRITES: &'static [Struck] = &[
        ("POST", "/api/v1.0/accounts"),
        ("POST", "/api/v1.0/accounts/*/customers"),
        ("POST", "/api/v1.0/accounts/*/users"),
        ("PATCH", "/api/v1.0/accounts/*/users/*"),
        ("DELETE", "/api/v1.0/accounts/*/users/*"),
        ("GET", "/api/v1.0/accounts/*/users/*"),
    ];
    const WRITES_OF_A_RUN: u64 = 7;
    const REQUESTS_OF_A_RUN: u64 = 40;

    fn settle(sim: &Simulator<Self::World>, dice: &mut Dice) {
        let add = |email: &str, roles: Vec<String>| Act::AddUser {
            tenant: "Acme".to_owned(),
            email: email.to_owned(),
            roles,
        };
        let admin = ["user.admin", "onboarding.admin"].map(str::to_owned).to_vec();
        let mut acts = vec![add(Self::ADMIN, admin)];
        if dice.chance(40) {
            acts.push(Act::CreateAccount { name: NAMES[1].1.to_owned(), reference: None, enabled: true });
        }
        for number in 0..dice.roll(4) {
            let role = RESELLER[dice.roll(RESELLER.len())].to_owned();
            acts.push(add(&format!("s{number}@else.example"), vec![role]));
        }
        for act in acts {
            // Somebody may be there already.
            let _ = sim.act(act);
        }
    }

    fn manifest(url: &str, removes: bool) -> String {
        let (allow, removal) =
            if removes { ("[WiderReach, Irreversible]", "Remove") } else { ("[]", "Disable") };
        format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Provider\nmetadata: {{ name: xarios }}\nspec:\n  xarios:\n    \
             endpoint: {url}\n    credentials:\n      clientId: {{ env: XARIOS_CLIENT_ID }}\n      clientSecret: {{ env: \
             XARIOS_CLIENT_SECRET }}\n      refreshToken: {{ env: XARIOS_REFRESH_TOKEN }}\n    acceptCharges: true\n  runsAs: \
             ops@acme.example\n  safety:\n    allow: {allow}\n    admins: {{ minimum: 0 }}\n  removal: {{ members: {removal} \
             }}\n---\napiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: acme }}\nspec: {{ providerRef: {{ \
             name: xarios }}, displayName: Acme }}\n---\napiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: \
             north }}\nspec: {{ providerRef: {{ name: xarios }}, displayName: Acme North }}\n---\napiVersion: \
             orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: bakery }}\nspec: {{ parentRef: {{ name: north }}, \
             displayName: Bakery }}\n"
        )
    }

    fn grants(account: &str, dice: &mut Dice) -> BTreeSet<String> {
        let known: &[&str] = if account == NAMES[2].0 { &CUSTOMER } else { &RESELLER };
        (0..dice.between(1, 2)).filter_map(|_| dice.pick(known)).map(str::to_owned).collect()
    }

    fn act(theirs: &Theirs) -> Act {
        let named = |label: &str| NAMES.iter().find(|one| one.0 == label).map_or("", |one| one.1).to_owned();
        match theirs.clone() {
            Theirs::Come(email) => Act::Activate { email },
            Theirs::Add { account, email, role } => {
                Act::AddUser { tenant: named(&account), email, roles: vec![role] }
            }
            Theirs::Regrant { account, email, role } => Act::AddRole { tenant: named(&account), email, role },
            Theirs::Remove { account, email } => Act::RemoveUser { tenant: named(&account), email },
        }
    }

    fn seen(sim: &Simulator<Self::World>) -> Seen {
        let truth = sim.truth();
        let label = |name: &str| NAMES.iter().find(|one| one.1 == name).map(|one| one.0);
        let mut seen = Seen::default();
        let mut labels = BTreeMap::new();
        for (id, tenant) in &truth.tenants {
            *seen.counts.entry(format!("account {}", tenant.name)).or_default() += 1;
            labels.extend(label(&tenant.name).map(|label| (id.clone(), label.to_owned())));
        }
        for user in truth.users.values() {
            *seen.counts.entry(user.email.clone()).or_default() += 1;
            for (tenant, roles) in &user.roles {
                let Some(account) = labels.get(tenant) else { continue };
                let key = (account.clone(), user.email.clone());
                if roles.iter().any(|role| IMPLIED.contains(&role.as_str())) {
                    let own = roles.iter().filter(|role| !IMPLIED.contains(&role.as_str()));
                    seen.members.insert(key, own.cloned().collect());
                } else {
                    seen.locked.insert(key);
                }
            }
        }
        seen
    }

    fn environment() -> Vec<(&'static str, String)> {
        let Approval { client_id, client_secret, refresh_token } = Sim::admin();
        let named = [
            ("XARIOS_CLIENT_ID", client_id),
            ("XARIOS_CLIENT_SECRET", client_secret),
            ("XARIOS_REFRESH_TOKEN", refresh_token),
        ];
        named.map(|(name, value)| (name, value.to_owned())).to_vec()
    }

    fn renew(sim: &Simulator<Self::World>) -> Option<(&'static str, String)> {
        let token = sim.act(Act::Approve { read_only: false }).ok()?.token?;
        Some(("XARIOS_REFRESH_TOKEN", token))
    }
}
