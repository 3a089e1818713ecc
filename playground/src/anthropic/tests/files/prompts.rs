//! Files in messages: what the model sees of them, and what they cost.

use serde_json::json;

use super::super::{HttpAnswer, answer, ask, post, start, with};
use super::{asking, block, upload};
use crate::anthropic::texts;
use crate::samples;

#[tokio::test]
async fn the_model_tells_what_it_sees() {
    let api = start().await;
    let photo = upload(&api, "x.jpg", "image/jpeg", samples::jpeg(1280, 720)).await;
    let pdf = upload(&api, "bill.pdf", "application/pdf", samples::pdf(3)).await;
    let one = upload(&api, "one.pdf", "application/pdf", samples::pdf(1)).await;
    let text = upload(&api, "день.txt", "text/plain", "день".into()).await;
    let says = |text: &str| json!({"type":"text","text":text});
    let (x, bill) = ("You sent a photo \"x.jpg\" (1280 x 720).", "You sent a PDF \"bill.pdf\" (3 pages).");
    for (content, said) in [
        (json!([block("image", &photo)]), x.to_owned()),
        (json!([block("document", &one)]), "You sent a PDF \"one.pdf\" (1 page).".to_owned()),
        (json!([block("document", &text)]), "You sent a text \"день.txt\" (4 characters).".to_owned()),
        (
            json!([block("image", &photo), block("document", &pdf), says("what is this?")]),
            format!("{x} {bill}\n\nYou said: what is this?"),
        ),
        (json!([block("image", &photo), says("!code")]), texts::CODE.to_owned()),
        (
            json!([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw=="}}]),
            "You sent a photo.".to_owned(),
        ),
        (
            json!([{"type":"document","title":"Rules","source":{"type":"text","media_type":"text/plain","data":"abc"}}]),
            "You sent a text \"Rules\" (3 characters).".to_owned(),
        ),
        (
            json!([{"type":"container_upload","file_id":text}]),
            "You sent a file \"день.txt\" for the sandbox.".to_owned(),
        ),
    ] {
        assert_eq!(answer(&api, &asking(content)).await.said(), said);
    }
    let later = json!([{"role":"user","content":[block("image", &photo)]},
        {"role":"assistant","content":x},{"role":"user","content":"thanks"}]);
    assert_eq!(answer(&api, &with(ask(""), "messages", later)).await.said(), "You said: thanks");
    let seen = api.requests().into_iter().find(|request| request.files().len() == 2).unwrap();
    let named: Vec<_> =
        seen.files().iter().map(|file| (&*file.id, &*file.name, file.block, file.message)).collect();
    assert_eq!(named, [(&*photo, "x.jpg", "image", 0), (&*pdf, "bill.pdf", "document", 0)]);
    assert_eq!(api.refusals().len(), 0);
}

#[tokio::test]
async fn files_cost_what_they_hold() {
    let api = start().await;
    let photo = upload(&api, "x.jpg", "image/jpeg", samples::jpeg(1280, 720)).await;
    let poster = upload(&api, "y.png", "image/png", samples::png(4000, 3000)).await;
    let pdf = upload(&api, "z.pdf", "application/pdf", samples::pdf(3)).await;
    let text = upload(&api, "t.txt", "text/plain", b"123456789".to_vec()).await;
    for (kind, id, model, tokens) in [
        ("image", &photo, "claude-sonnet-5-5", 46 * 26),
        ("image", &poster, "claude-sonnet-5-5", 4784),
        ("image", &poster, "claude-haiku-4-5", 1568),
        ("document", &pdf, "claude-sonnet-5-5", 4500),
        ("document", &text, "claude-sonnet-5-5", 3),
    ] {
        let body = json!({"model":model,"messages":[{"role":"user","content":[block(kind, id)]}]});
        let counted = HttpAnswer::to(post(&api, "/v1/messages/count_tokens", &body)).await;
        assert_eq!(counted.json(), json!({"input_tokens": 8 + 4 + tokens}), "{kind} {model}");
        let asked = with(with(body, "max_tokens", json!(100)), "stream", json!(true));
        assert_eq!(answer(&api, &asked).await.message()["usage"]["input_tokens"], 8 + 4 + tokens);
    }
}
