//! The model's answers in the benchmark: Cyrillic and English, headings, lists, bold words and code, like
//! real answers, cut to a given length.

/// Pieces of complete Markdown, repeated to form an answer. The first words are plain, so that a draft can be
/// recognised.
const PIECES: &[&str] = &[
    "Коротко: чтобы не потерять сообщение, его сначала записывают, а потом подтверждают. Ниже то же самое подробнее, \
     с примером и списком того, что проверить.\n\n",
    "## Порядок действий\n\n",
    "- **Сначала** сохраните обновление в таблице `inbox`, одной командой.\n\
     - *Затем* сдвиньте смещение, не раньше.\n\
     - Повторная доставка **ничего не меняет**: номер уже есть.\n\n",
    "```rust\nfn total(prices: &[u64]) -> u64 {\n    // Nothing is lost: the sum is checked.\n    prices.iter().sum()\n}\n```\n\n",
    "The order matters: a process may be killed *between* two steps, and then the first one has to be harmless to repeat. \
     That is why every effect has a key, such as `update_id`, and the database refuses the second one.\n\n",
    "1. Проверьте, что ключ уникален.\n2. Проверьте, что транзакция одна.\n3. Проверьте журнал: `select count(*) from inbox`.\n\n",
    "```sql\nSELECT id, kind FROM inbox WHERE handled_at IS NULL ORDER BY id;\n```\n\n",
];
/// Words that fill the rest.
const FILLING: &str = "И ещё несколько слов о том же, чтобы ответ имел нужную длину, ";

/// Returns an answer of exactly `chars` characters, which ends with a full stop.
pub(super) fn answer(chars: usize) -> String {
    let mut text = String::new();
    let mut length = 0;
    for piece in PIECES.iter().cycle() {
        let longer = length + piece.chars().count();
        if longer >= chars {
            break;
        }
        text.push_str(piece);
        length = longer;
    }
    // A blank at the end would not survive, and a full stop behind one looks odd.
    text.extend(FILLING.chars().cycle().take(chars - length));
    text.pop();
    text.push('.');
    text
}

/// Returns the letters and digits of a text, which Markdown and its rendering share.
pub(super) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Returns the visible letters of an answer, without the language names of code blocks.
pub(super) fn visible_letters(markdown: &str) -> String {
    markdown.lines().filter(|line| !line.starts_with("```")).map(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_their_length_and_no_block_is_cut() {
        for chars in [1, 20, 200, 1_500, 4_000] {
            let text = answer(chars);
            assert_eq!(text.chars().count(), chars);
            assert!(text.ends_with('.'), "{text}");
            assert_eq!(text.matches("```").count() % 2, 0, "{text}");
        }
        assert!(answer(1_500).contains("```rust") && answer(1_500).contains("**"));
    }

    #[test]
    fn only_what_a_reader_sees_is_compared() {
        assert_eq!(visible_letters("**a** `b`\n```rust\nlet c;\n```\n"), "abletc");
        assert_eq!(letters("a b\nlet c;"), "abletc");
    }
}
