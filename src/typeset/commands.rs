//! Commands whose time grows with the square of what they are given get limits of their own: a source of a few
//! hundred characters can define commands that multiply it up to the limits of the parser, and then take half a
//! minute.

use ratex_parser::macro_expander::{FnMacroHandler, MacroDefinition, MacroExpander};
use ratex_parser::{Mode, ParseError, ParseNode, ParseResult, Parser};

/// The longest argument of a command for chemistry, in characters: several times as much as fits a picture.
const LONGEST_CHEMISTRY: usize = 1_000;
/// Commands that define others; `\newcommand` and its like end in the last one.
const DEFINITIONS: [&str; 6] = ["\\def", "\\gdef", "\\edef", "\\xdef", "\\let", "command"];

/// Parses a formula.
///
/// # Errors
/// Returns the mistake in the source, or that a limit is exceeded.
pub(super) fn parse(formula: &str) -> ParseResult<Vec<ParseNode>> {
    let mut parser = Parser::new(formula);
    let mut set = |name: &str, definition| {
        parser.gullet.set_macro(name.to_owned(), MacroDefinition::Function(definition));
    };
    set("\\ce", |expander| {
        check_argument(expander)?;
        builtin("\\ce")?(expander)
    });
    set("\\pu", |expander| {
        check_argument(expander)?;
        builtin("\\pu")?(expander)
    });
    // In texts, the parser joins each pair of these. As commands they count among those that are expanded, of which
    // it allows a thousand.
    if DEFINITIONS.iter().any(|definition| formula.contains(definition)) {
        set("'", |expander| {
            put_back(expander, "'");
            Ok(Vec::new())
        });
        set("`", |expander| {
            put_back(expander, "`");
            Ok(Vec::new())
        });
        set("-", |expander| {
            put_back(expander, "-");
            Ok(Vec::new())
        });
    }
    parser.parse()
}

/// Returns what the parser does at a command.
fn builtin(name: &str) -> ParseResult<FnMacroHandler> {
    match MacroExpander::new("", Mode::Math).get_macro(name) {
        Some(MacroDefinition::Function(handler)) => Ok(*handler),
        _ => Err(ParseError::msg(format!("Undefined control sequence: {name}"))),
    }
}

/// Looks at the argument of a command, which stays where it is.
fn check_argument(expander: &mut MacroExpander) -> ParseResult<()> {
    let argument = expander.consume_arg(None)?;
    let length: usize = argument.tokens.iter().map(|token| token.text.chars().count()).sum();
    if length > LONGEST_CHEMISTRY {
        // In the words of the parser.
        return Err(ParseError::msg("Layout resource limit exceeded"));
    }
    let (mut opening, mut closing) = (argument.start, argument.end);
    "{".clone_into(&mut opening.text);
    "}".clone_into(&mut closing.text);
    // The next token is the last one here.
    expander.push_token(closing);
    expander.push_tokens(argument.tokens);
    expander.push_token(opening);
    Ok(())
}

/// Puts a character before the rest as one that is no command.
fn put_back(expander: &mut MacroExpander, character: &str) {
    let mut token = expander.future().clone();
    character.clone_into(&mut token.text);
    (token.noexpand, token.treat_as_relax) = (true, false);
    expander.push_token(token);
}
