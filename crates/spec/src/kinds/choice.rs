//! Words that schemas list; the model's own types carry no schema.

use schemars::JsonSchema;

macro_rules! choice {
    ($($name:ident { $($word:ident),* })*) => {
        $(
            #[derive(JsonSchema)]
            #[allow(dead_code)]
            pub(super) enum $name { $($word),* }
        )*
    };
}

choice! {
    Mode { Observe, Plan, Apply }
    Approval { None, Required }
    Drift { Correct, Report }
    Adoption { Keep, Take }
    Allow { WiderReach, Irreversible }
    Removal { Remove, Disable, Retain }
    RemovalOfThings { Remove, Retain }
    OnExhausted { Hold, Withdraw }
    Consent { Accepted, LeftToAdmin }
    Manage { Full, Reference }
    Onboarding { Invite, Create }
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
pub(super) enum Authoritative {
    Members,
}
