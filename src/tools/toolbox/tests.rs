//! Schemas of all tools, and the tools of a sub-agent.

use serde_json::Value;

use super::*;

/// Asserts that a JSON schema uses only keywords that all providers understand.
fn assert_plain(schema: &Value) {
    match schema {
        Value::Object(fields) => {
            for word in ["$schema", "$ref", "$defs", "title", "format"] {
                assert!(!fields.contains_key(word), "{word} in {schema}");
            }
            fields.values().for_each(assert_plain);
        }
        Value::Array(items) => items.iter().for_each(assert_plain),
        _ => {}
    }
}

#[test]
fn every_tool_has_a_plain_schema_that_describes_each_argument() {
    for tool in Toolbox::without(&[]).tools {
        let ToolSpec { name, description, schema } = tool.spec;
        assert!(description.len() > 40, "{name}");
        assert_eq!((&schema["type"], schema["properties"].is_object()), (&"object".into(), true));
        assert_plain(&schema);
        for (argument, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(
                property["description"].as_str().is_some_and(|text| text.len() > 10),
                "{name}: {argument}"
            );
        }
    }
}

#[test]
fn a_subagent_has_the_tools_that_its_limit_covers() {
    let toolbox = Toolbox::without(&[]).for_subagents();
    for name in ["self_critique", "deliver_file", "transcribe_audio", "generate_image"] {
        assert!(toolbox.find(name).is_none(), "{name}");
    }
    for name in ["list_files", "execute_python", "analyze_image", "analyze_pdf"] {
        assert!(toolbox.find(name).is_some(), "{name}");
    }
}
