//! From what a person types to what they see, to the books and to the next prompt.

use futures::StreamExt;
use playground::anthropic::{Gate, Recorded};
use rust_decimal::{Decimal, dec};
use starling::domain::tool::ToolName;
use strum::VariantArray;

use super::AT_ONCE;
use super::rows::{self, Row};
use super::workshop::Workshop;
use crate::harness::{ANN, BOUND, conversation, prices};

#[tokio::test]
async fn every_tool_leads_from_typing_to_the_books_and_to_the_next_prompt() {
    futures::stream::iter(ToolName::VARIANTS).for_each_concurrent(AT_ONCE, |&tool| is_used(tool)).await;
}

async fn is_used(tool: ToolName) {
    let name = tool.name();
    let Row { file, typed, line, shown, files, remembered } = rows::row(tool);
    let shop = Workshop::open().await;
    let bot = &shop.bot;
    shop.begin(file).await;
    let (gate, keeper) = Gate::new();
    bot.model.hold_after(name, gate);
    let asked = bot.model.requests().len();
    bot.ann(typed);
    shop.draft_with(&format!("✅ {line}")).await;
    keeper.open();
    shop.settled().await;
    let screen = bot.screen(ANN);
    assert!(bot.answers(ANN).pop().unwrap().contains(shown), "{name}: {screen}");
    assert_eq!(bot.telegram.sent_media(ANN).len(), files, "{name}: {screen}");

    // The books.
    let of_tool = cost(&shop, tool, &bot.model.requests()[asked..]).await;
    assert_eq!(recorded(&shop, name).await, (false, of_tool), "{name}");
    let of_services = services(&shop).await;
    let chat = prices::requests(&bot.model.requests());
    assert_eq!(shop.charged().await, chat + of_services, "{name}");
    assert_eq!(bot.balance(ANN).await, dec!(1000) - chat - of_services, "{name}");

    // The next prompt.
    bot.ask("Thank you.").await;
    let prompt = bot.model.requests().pop().unwrap();
    if tool.is_of_provider() {
        let said = conversation(&prompt).join("\n");
        assert!(said.contains(remembered), "{name}: {said}");
    } else {
        let result = remembered_result(&prompt, name);
        assert!(result.contains(remembered), "{name}: {result}");
    }
    shop.end().await;
}

/// Returns the cost of the only call of a tool: what the service behind it says, at the prices of the table.
async fn cost(shop: &Workshop, tool: ToolName, requests: &[Recorded]) -> Decimal {
    let is_question = |request: &&Recorded| request.body["tools"].is_null();
    match tool {
        ToolName::CostEstimator
        | ToolName::ListFiles
        | ToolName::DeliverFile
        | ToolName::PreviewFile
        | ToolName::RenderLatex
        | ToolName::WebFetch => Decimal::ZERO,
        ToolName::SelfCritique => {
            let of_critic = requests.iter().filter(|request| prices::is_of_critic(request));
            above_zero(prices::requests(of_critic))
        }
        ToolName::AnalyzeImage | ToolName::AnalyzePdf => {
            above_zero(prices::requests(requests.iter().filter(is_question)))
        }
        ToolName::WebSearch => prices::SEARCH,
        ToolName::TranscribeAudio | ToolName::GenerateImage | ToolName::ExecutePython => {
            above_zero(services(shop).await)
        }
    }
}

fn above_zero(cost: Decimal) -> Decimal {
    assert!(cost > Decimal::ZERO, "it was free of charge");
    cost
}

/// Returns what the services other than the chat model have charged. How long a sandbox was used, the books
/// know best: at least as long as its code has slept.
async fn services(shop: &Workshop) -> Decimal {
    let drawn: Decimal = shop.gemini.requests().iter().map(prices::drawing).sum();
    let heard: f64 = shop.openai.requests().iter().filter_map(|request| request.seconds).sum();
    let seconds = "SELECT coalesce(sum(seconds), 0) FROM model_calls WHERE model_id = 'e2b'";
    let seconds = shop.sum(seconds).await;
    let slept: Decimal = rows::NAP.parse().unwrap();
    assert!(seconds.is_zero() || seconds >= slept, "{seconds} s");
    let heard = Decimal::try_from(heard).unwrap();
    drawn + heard * prices::SPEECH_SECOND + seconds * prices::SANDBOX_SECOND
}

/// Returns whether the only call of a tool has failed, and its cost, once they are recorded.
async fn recorded(shop: &Workshop, tool: &str) -> (bool, Decimal) {
    let row = async {
        loop {
            let rows: Vec<(bool, Decimal)> =
                sqlx::query_as("SELECT failed, cost FROM tool_calls WHERE tool = $1")
                    .bind(tool)
                    .fetch_all(shop.bot.books())
                    .await
                    .unwrap();
            match rows[..] {
                [] => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                [row] => return row,
                _ => panic!("{tool} was called several times: {rows:?}"),
            }
        }
    };
    tokio::time::timeout(BOUND, row).await.unwrap_or_else(|_| panic!("no call of {tool} was recorded"))
}

/// Returns the result of the newest call of a tool that a prompt repeats.
fn remembered_result(prompt: &Recorded, tool: &str) -> String {
    let messages = prompt.body["messages"].as_array().unwrap();
    let blocks = || messages.iter().flat_map(|message| message["content"].as_array().unwrap());
    let call = blocks().rfind(|block| block["type"] == "tool_use" && block["name"] == tool);
    let call = call.unwrap_or_else(|| panic!("no call of {tool} in the next prompt: {messages:#?}"));
    let result = blocks().find(|block| block["tool_use_id"] == call["id"]);
    result.unwrap_or_else(|| panic!("no result of {tool} in the next prompt"))["content"].to_string()
}
