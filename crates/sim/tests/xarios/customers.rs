//! Customers and their users (contract, section 7).

use orgform_sim::xarios::Act;
use serde_json::json;

use crate::client::{switched, world};

#[tokio::test]
async fn a_customer_is_below_an_account_and_can_be_searched_for() {
    let (sim, admin, account) = world().await;
    for name in ["Bakery", "Cinema"] {
        sim.act(Act::CreateCustomer { account: "Acme".to_owned(), name: name.to_owned() }).unwrap();
    }
    let found = admin.get(&format!("/accounts/{account}/customers?filter=bak")).await.data(200);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let bakery = found[0]["id"].as_str().unwrap();
    assert_eq!(found[0]["parentTenantId"], json!(account));
    let body = json!({ "email": "joan@acme.example", "displayName": "Joan", "roles": ["admin.user"] });
    let joan = admin.post(&format!("/accounts/{account}/customers/{bakery}/users"), body).await.data(201);
    assert_eq!(joan["roles"], json!(["customer.user", "admin.user"]));
    let short = format!("/customers/{bakery}/users/{}", joan["id"].as_str().unwrap());
    assert_eq!(admin.get(&short).await.data(200)["isParent"], false);
}

#[tokio::test]
async fn users_of_the_reseller_may_show_with_is_parent() {
    let (sim, admin, account) = switched("parent-users=shown").await;
    let bakery = sim
        .act(Act::CreateCustomer { account: "Acme".to_owned(), name: "Bakery".to_owned() })
        .unwrap()
        .id
        .unwrap();
    admin.add(&account, "ada@acme.example", &[]).await;
    let listed = admin.get(&format!("/customers/{bakery}/users")).await.data(200);
    assert_eq!((&listed[0]["email"], &listed[0]["isParent"]), (&json!("ada@acme.example"), &json!(true)));
}

#[tokio::test]
async fn a_customer_of_another_account_is_not_found_below_this_one() {
    let (sim, admin, account) = world().await;
    sim.act(Act::CreateAccount { name: "North".to_owned(), reference: None, enabled: true }).unwrap();
    let cinema = sim
        .act(Act::CreateCustomer { account: "North".to_owned(), name: "Cinema".to_owned() })
        .unwrap()
        .id
        .unwrap();
    admin.get(&format!("/accounts/{account}/customers/{cinema}")).await.fails(404, "Not Found");
}
