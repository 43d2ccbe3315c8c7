//! Says which declared account and role is which actual one, for whoever writes declarations.

use std::collections::BTreeMap;

use orgform_model::{AccountId, AccountPath, RoleId, RoleKey};

use crate::Input;
use crate::ground::Ground;

/// What is declared and there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognized {
    /// Declared accounts that exist.
    pub accounts: BTreeMap<AccountPath, AccountId>,
    /// Declared roles that exist.
    pub roles: BTreeMap<RoleKey, RoleId>,
}

/// Recognizes what is declared, by the rules that planning follows.
pub fn recognize(input: &Input<'_>) -> Recognized {
    let ground = Ground::new(input);
    let declared = input.desired.accounts.keys();
    let accounts = declared.filter_map(|path| Some((path.clone(), ground.accounts.id(path)?.clone())));
    let declared = input.desired.roles.keys();
    let roles = declared.filter_map(|key| Some((key.clone(), ground.roles.id(key)?.clone())));
    Recognized { accounts: accounts.collect(), roles: roles.collect() }
}
