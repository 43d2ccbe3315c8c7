//! What a careless client is told: paths, methods, content types, bodies (sections 3 and 4).

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{account, world};
use crate::contract;

#[tokio::test]
async fn every_operation_of_the_description_is_answered_and_no_other() {
    let (_sim, admin, root) = world().await;
    // With a child, the root outlives its own turn to be deleted.
    admin.child(&root, "Lab").await;
    for (method, template) in contract::operations() {
        let path = template.replace("{accountId}", &root).replace(['{', '}'], "");
        let answer = admin.send(method.parse().unwrap(), &path, Some(json!({}))).await.unwrap();
        let is_known = answer.status != 405 && answer.status != 401 && !answer.text.contains("path /");
        assert!(is_known || path.starts_with("/login"), "{method} {template}: {}", answer.text);
        admin.send(Method::PATCH, &path, None).await.unwrap().fails(405, "METHOD_NOT_ALLOWED");
    }
    for path in ["/", "/account", "/accounts/", "/networks", "/openapi.json"] {
        admin.get(path).await.fails(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn who_uses_a_wrong_method_is_told_the_right_ones() {
    let (_sim, admin, root) = world().await;
    let answer = admin.http.patch(format!("{}/accounts/{root}", admin.url)).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "GET, PUT, DELETE");
}

#[tokio::test]
async fn a_query_with_a_value_that_the_description_forbids_is_refused() {
    let (_sim, admin, root) = world().await;
    for query in ["accounts?limit=-1", "accounts?limit=2147483648", "accounts?limit=few"] {
        admin.get(&format!("/{query}")).await.fails(400, "BAD_REQUEST");
    }
    for query in ["pageNumber=-1", "pageNumber=2147483648", "eventTypes=ROLE_CREATE&eventTypes=ROLE"] {
        admin.get(&format!("/accounts/{root}/auditLog?{query}")).await.fails(400, "BAD_REQUEST");
    }
    admin.get(&format!("/accounts/{root}/auditLog?subjectType=TASK")).await.is(200);
}

#[tokio::test]
async fn a_body_of_the_wrong_content_type_or_form_is_refused() {
    let (_sim, admin, root) = world().await;
    let path = format!("/accounts/{root}/roles");
    let body = json!({ "account": account(&root), "name": "R" }).to_string();
    let send = async |content_type: &str, body: &str| {
        admin.raw(Method::POST, &path, content_type, Some(body.to_owned())).await.unwrap()
    };
    send("text/plain", &body).await.fails(415, "UNSUPPORTED_MEDIA_TYPE");
    send("application/json", "{").await.fails(400, "JSON_PROCESSING_ERROR");
    send("application/json", "").await.fails(400, "JSON_PROCESSING_ERROR");
    send("application/json", &body.replace("\"name\"", "\"name\":\"Q\",\"name\""))
        .await
        .fails(400, "JSON_PROCESSING_ERROR");
    let large =
        json!({ "account": account(&root), "name": "R", "description": "x".repeat(2 << 20) }).to_string();
    send("application/json", &large).await.fails(413, "REQUEST_ENTITY_TOO_LARGE");
    send("application/json; charset=utf-8", &body).await.is(201);
}

#[tokio::test]
async fn unknown_fields_and_wrong_types_are_400_and_missing_or_long_ones_422() {
    let (_sim, admin, root) = world().await;
    let here = account(&root);
    let role = |rest: Value| {
        let mut body = json!({ "account": here, "name": "R" });
        for (name, value) in rest.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let (roles, invites) = (format!("/accounts/{root}/roles"), format!("/accounts/{root}/invites"));
    let members = format!("/accounts/{root}/members");
    let malformed = [
        (&roles, role(json!({ "permission": {} }))),
        (&roles, role(json!({ "name": 7 }))),
        (&roles, role(json!({ "description": null }))),
        (&roles, role(json!({ "permissions": { "networks": ["read"] } }))),
        (&roles, role(json!({ "account": { "href": "/accounts/x", "name": "x" } }))),
        (&invites, json!({ "account": here, "email": "a@b.example", "roles": [], "role": "x" })),
        (&members, json!({ "account": here, "user": "user-1", "roles": [] })),
    ];
    for (path, body) in malformed {
        admin.post(path, body.clone()).await.fails(400, "JSON_PROCESSING_ERROR");
    }
    let invalid = [
        (&roles, json!({ "name": "R" })),
        (&roles, json!({ "account": here })),
        (&roles, role(json!({ "name": "" }))),
        (&roles, role(json!({ "description": "d".repeat(257) }))),
        (&roles, role(json!({ "permissions": { "gateways": {} } }))),
        (&roles, role(json!({ "permissions": { "networks": { "write": true } } }))),
        (&roles, role(json!({ "account": { "id": root } }))),
        (&invites, json!({ "email": "a@b.example", "roles": [] })),
        (&invites, json!({ "account": here, "roles": [] })),
        (&invites, json!({ "account": here, "email": "a@b.example" })),
        (&invites, json!({ "account": here, "email": "nobody", "roles": [] })),
        (&members, json!({ "account": here, "user": { "href": "/users/user-1" } })),
        (&members, json!({ "account": here, "roles": [] })),
    ];
    for (path, body) in invalid {
        admin.post(path, body.clone()).await.fails(422, "VALIDATION_ERROR");
    }
    let contacts: Vec<String> = (0..11).map(|n| format!("c{n}@b.example")).collect();
    for rest in [
        json!({ "name": "n".repeat(65) }),
        json!({ "name": "" }),
        json!({ "description": "d".repeat(257) }),
        json!({ "technicalContactEmails": contacts }),
        json!({ "technicalContactEmails": ["a@b.example", "a@b.example"] }),
    ] {
        let mut body = json!({ "name": "Lab", "parent": here });
        for (name, value) in rest.as_object().unwrap() {
            body[name] = value.clone();
        }
        admin.post("/accounts", body).await.fails(422, "VALIDATION_ERROR");
    }
    let long = json!({ "name": "ä".repeat(64), "parent": here });
    admin.post("/accounts", long).await.is(201);
}

#[tokio::test]
async fn read_only_fields_may_be_sent_back_and_a_wrong_id_may_not() {
    let (_sim, admin, root) = world().await;
    let path = format!("/accounts/{root}");
    let mut body = admin.get(&path).await.is(200);
    body["hasChildren"] = json!(true);
    assert_eq!(admin.put(&path, body.clone()).await.is(200)["hasChildren"], false);
    body["id"] = json!("ac-other");
    admin.put(&path, body).await.fails(422, "VALIDATION_ERROR");
}
