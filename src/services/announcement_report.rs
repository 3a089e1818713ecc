//! The report of an announcement as a table for programs.

use crate::db::announcement_recipients::ReportLine;

/// Returns the report as CSV, for programs: names of columns and results are not translated.
pub(super) fn table(lines: &[ReportLine]) -> String {
    let mut table = "user_id,username,result,detail\r\n".to_owned();
    for ReportLine { user, username, state, detail } in lines {
        let name = username.as_ref().map(|name| format!("@{name}")).unwrap_or_default();
        let cells =
            [&user.to_string(), &name, state, &detail.clone().unwrap_or_default()].map(|text| cell(text));
        table.push_str(&cells.join(","));
        table.push_str("\r\n");
    }
    table
}

/// Returns a cell, in quotes where it needs them. What a program would take for a formula begins with a quote.
fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '\t']) { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserId;

    #[test]
    fn a_report_is_a_table_that_programs_read() {
        let line = |user, username: Option<&str>, state: &str, detail: Option<&str>| ReportLine {
            user: UserId(user),
            username: username.map(str::to_owned),
            state: state.to_owned(),
            detail: detail.map(str::to_owned),
        };
        let lines = [
            line(42, Some("ann"), "sent", None),
            line(43, None, "refused", Some("Bad Request: a \"b\", c")),
            line(44, None, "refused", Some("=1+1")),
        ];
        assert_eq!(
            table(&lines),
            "user_id,username,result,detail\r\n42,@ann,sent,\r\n43,,refused,\"Bad Request: a \"\"b\"\", c\"\r\n\
             44,,refused,'=1+1\r\n"
        );
    }
}
