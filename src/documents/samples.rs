//! One small document of each format, made from text.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

/// The `c` elements of rows in a sheet with a formula, a date, a percentage, a gap and a shared string.
const SHEET: &str = r#"<worksheet><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>Сумма &amp; дата</t></is></c></row>
<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>0.30000000000000004</v></c><c r="C2" s="1"><v>45292.5</v></c></row>
<row r="6"><c r="B6"><f>SUM(B2:B5)</f><v>42</v></c><c r="D6" s="2"><v>0.25</v></c><c r="E6" t="b"><v>1</v></c></row>
</sheetData></worksheet>"#;

/// Packs members of text into a ZIP file.
pub(super) fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let bytes: Vec<(&str, &[u8])> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    zip_bytes(&bytes)
}

/// Packs members of any bytes into a ZIP file.
pub(super) fn zip_bytes(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Returns a workbook with a visible and a hidden sheet; `sheet` is the XML of the first.
pub(super) fn xlsx_with(sheet: &str) -> Vec<u8> {
    let relations = r#"<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="rId2" Type="x/worksheet" Target="/xl/worksheets/sheet2.xml"/></Relationships>"#;
    let workbook = r#"<workbook xmlns:r="r"><sheets><sheet name="Продажи" sheetId="1" r:id="rId1"/>
        <sheet name="Тайны" sheetId="2" state="hidden" r:id="rId2"/></sheets></workbook>"#;
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd\.mm\.yyyy\ hh:mm"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="9"/></cellXfs></styleSheet>"#;
    let strings = "<sst><si><t>Товар</t></si><si><r><t>Чай </t></r><r><t>чёрный</t></r></si></sst>";
    let secret = r#"<worksheet><sheetData><row><c t="str"><v>секрет</v></c></row></sheetData></worksheet>"#;
    zip(&[
        ("xl/workbook.xml", workbook),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/styles.xml", styles),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/worksheets/sheet2.xml", secret),
    ])
}

pub(super) fn xlsx() -> Vec<u8> {
    xlsx_with(SHEET)
}

/// Returns a workbook with this number of rows, each of ten columns.
pub(super) fn large_xlsx(rows: usize) -> Vec<u8> {
    let mut sheet = "<worksheet><sheetData>".to_owned();
    for row in 1..=rows {
        sheet.extend([format!("<row r=\"{row}\">")]);
        for column in ["A", "B", "C", "D", "E", "F", "G", "H", "I"] {
            sheet.extend([format!("<c r=\"{column}{row}\"><v>{row}.5</v></c>")]);
        }
        sheet.extend([format!("<c r=\"J{row}\" t=\"s\"><v>1</v></c></row>")]);
    }
    xlsx_with(&(sheet + "</sheetData></worksheet>"))
}

pub(super) fn docx() -> Vec<u8> {
    let document = r#"<w:document xmlns:w="w" xmlns:r="r"><w:body>
        <w:p><w:pPr><w:pStyle w:val="1"/></w:pPr><w:r><w:t>Договор</w:t></w:r></w:p>
        <w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t xml:space="preserve">Стороны </w:t></w:r>
            <w:hyperlink r:id="rId9"><w:r><w:t>сайт</w:t></w:r></w:hyperlink>
            <w:r><w:footnoteReference w:id="2"/></w:r><w:del><w:r><w:delText>старое</w:delText></w:r></w:del></w:p>
        <w:p><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr><w:r><w:t>пункт</w:t></w:r></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Цена</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>5</w:t></w:r></w:p>
            <w:p><w:r><w:t>рублей</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>"#;
    let styles = r#"<w:styles><w:style w:styleId="1"><w:name w:val="heading 2"/></w:style></w:styles>"#;
    let notes = r#"<w:footnotes><w:footnote w:id="2"><w:p><w:r><w:t>Сноска.</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
    let relations = r#"<Relationships><Relationship Id="rId9" Type="x/hyperlink" Target="https://example.org/"
        TargetMode="External"/></Relationships>"#;
    zip(&[
        ("word/document.xml", document),
        ("word/styles.xml", styles),
        ("word/footnotes.xml", notes),
        ("word/_rels/document.xml.rels", relations),
    ])
}

pub(super) fn pptx() -> Vec<u8> {
    let main = r#"<p:presentation><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/>
        </p:sldIdLst></p:presentation>"#;
    let relations = r#"<Relationships><Relationship Id="rId1" Type="x/slide" Target="slides/slide1.xml"/>
        <Relationship Id="rId2" Type="x/slide" Target="slides/slide2.xml"/></Relationships>"#;
    let slide = |attributes: &str, text: &str| {
        format!(
            r#"<p:sld {attributes}><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp>
            <p:sp><p:nvPr><p:ph type="sldNum"/></p:nvPr><a:p><a:t>77</a:t></a:p></p:sp></p:sld>"#
        )
    };
    let of_slide = r#"<Relationships><Relationship Id="r" Type="x/notesSlide" Target="../notesSlides/n.xml"/></Relationships>"#;
    zip(&[
        ("ppt/presentation.xml", main),
        ("ppt/_rels/presentation.xml.rels", relations),
        ("ppt/slides/slide1.xml", &slide(r#"show="0""#, "Второй")),
        ("ppt/slides/slide2.xml", &slide("", "Первый")),
        ("ppt/slides/_rels/slide2.xml.rels", of_slide),
        ("ppt/notesSlides/n.xml", "<p:notes><p:sp><a:p><a:t>Сказать это</a:t></a:p></p:sp></p:notes>"),
    ])
}

fn open_document(kind: &str, content: &str) -> Vec<u8> {
    let mime = format!("application/vnd.oasis.opendocument.{kind}");
    zip(&[
        ("mimetype", &mime),
        ("content.xml", &format!("<office:document-content>{content}</office:document-content>")),
    ])
}

pub(super) fn ods() -> Vec<u8> {
    open_document(
        "spreadsheet",
        r#"<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>
        <table:table table:name="Лист"><table:table-row table:number-rows-repeated="2"><table:table-cell><text:p>да</text:p>
        </table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell
        office:date-value="2024-01-01T00:00:00"><text:p>1 янв</text:p></table:table-cell></table:table-row>
        <table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/>
        </table:table-row></table:table><table:table table:name="Скрыт" table:style-name="ta2"/>"#,
    )
}

pub(super) fn odt() -> Vec<u8> {
    open_document(
        "text",
        r#"<text:tracked-changes><text:p>стёрто</text:p></text:tracked-changes><text:h text:outline-level="2">Глава</text:h>
        <text:list><text:list-item><text:p>пункт<text:s text:c="2"/>один</text:p></text:list-item></text:list>
        <table:table><table:table-row><table:table-cell><text:p>а</text:p></table:table-cell><table:table-cell>
        <text:p>б</text:p></table:table-cell></table:table-row></table:table>
        <text:p><text:a xlink:href="https://example.org">ссылка</text:a></text:p>"#,
    )
}

pub(super) fn odp() -> Vec<u8> {
    open_document(
        "presentation",
        r#"<draw:page draw:name="Обложка"><text:p>Привет</text:p><presentation:notes><text:p>шёпотом</text:p>
        </presentation:notes></draw:page><draw:page draw:name="Конец"><text:p>Пока</text:p></draw:page>"#,
    )
}

pub(super) fn epub() -> Vec<u8> {
    zip(&[
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", r#"<container><rootfile full-path="OPS/book.opf"/></container>"#),
        (
            "OPS/book.opf",
            r#"<package><manifest><item id="a" href="ch%201.xhtml"/><item id="b" href="two.xhtml"/></manifest>
            <spine><itemref idref="b"/><itemref idref="a"/></spine></package>"#,
        ),
        ("OPS/ch 1.xhtml", "<html><body><p>Позже</p></body></html>"),
        ("OPS/two.xhtml", "<html><body><h1>Сначала</h1></body></html>"),
    ])
}

pub(super) const HTML: &str = "<!DOCTYPE html><html><head><title>Тема</title><style>p{}</style></head><body>\
    <h2>Заголовок</h2><p>Текст   с <a href=\"https://example.org/x\">ссылкой</a> &lt;3</p><script>alert('<p>зло</p>')\
    </script><a href=\"javascript:x\">нет</a><ul><li>раз<li>два</ul><table><tr><td>а</td><td>б</td></tr></table>";

pub(super) const RTF: &str = "{\\rtf1\\ansi\\ansicpg1251{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}\\f0 \
    \\'cf\\'f0\\'e8\\'e2\\'e5\\'f2\\par \\u1084?\\u1080?\\u1088? \\{ok\\}\\par a\\cell b\\cell\\row}";

pub(super) const MAIL: &str = "From: =?utf-8?B?0JDQvdC90LA=?= <anna@example.org>\r\nTo: b@example.org\r\n\
    Subject: =?koi8-r?B?8NLJ18XU?=\r\nDate: Sat, 28 Nov 2026 10:00:00 +0300\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=windows-1251\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\r\n=CF=F0=E8=E2=E5=F2\r\n--x\r\nContent-Type: application/pdf\r\n\
    Content-Disposition: attachment; filename=\"a.pdf\"\r\n\r\n12345\r\n--x--\r\n";

pub(super) const SRT: &str = "1\r\n00:00:01,500 --> 00:00:02,000\r\n<i>Привет,</i>\r\nмир < 3\r\n\r\n2\r\n00:01:00,000 --> 00:01:02,000\r\nПока\r\n";

pub(super) const NOTEBOOK: &str = r##"{"cells":[{"cell_type":"markdown","source":["# Раз\n","два"]},
    {"cell_type":"code","source":"print(1)","outputs":[{"text":["1\n"]},{"data":{"image/png":"AAAA","text/plain":"<F>"}}]}]}"##;

/// Returns a TAR of one member.
pub(super) fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    let size = format!("{:011o}", content.len());
    header[124..135].copy_from_slice(size.as_bytes());
    header[156] = b'0';
    header[257..262].copy_from_slice(b"ustar");
    header.extend(content);
    header.resize(512 + content.len().div_ceil(512) * 512 + 1024, 0);
    header
}

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Returns a record of an Excel 97 workbook.
pub(super) fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), body].concat()
}

/// Returns a compound file with one stream.
pub(super) fn compound(stream: &str, content: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(stream).unwrap().write_all(content).unwrap();
    file.into_inner().into_inner()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Returns the stream of an Excel 97 workbook with one sheet, with more records for the workbook and for the
/// sheet.
pub(super) fn xls_stream(book: &[u8], cells: &[u8]) -> Vec<u8> {
    let start =
        |kind: u16| record(0x809, &[&0x600_u16.to_le_bytes()[..], &kind.to_le_bytes(), &[0; 12]].concat());
    let name = utf16("Лист");
    let globals = [&start(5), &record(0x42, &1200_u16.to_le_bytes()), book].concat();
    let offset = u32::try_from(globals.len() + 4 + 8 + name.len() + 4).unwrap();
    let sheet = [&offset.to_le_bytes()[..], &[0, 0, 4, 1], &name].concat();
    [&globals, &record(0x85, &sheet), &record(0x0a, &[]), &start(16), cells, &record(0x0a, &[])].concat()
}

/// Returns an Excel 97 workbook; `row` and `column` place its number.
pub(super) fn xls(row: u16, column: u16) -> Vec<u8> {
    let label = [&[0, 0, 0, 0, 0, 0, 5, 0, 1][..], &utf16("Товар")].concat();
    let number = [&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], &1.5_f64.to_le_bytes()].concat();
    let cells = [record(0x204, &label), record(0x203, &number)].concat();
    compound("/Workbook", &xls_stream(&[], &cells))
}

/// Returns a binary workbook with one sheet.
pub(super) fn xlsb() -> Vec<u8> {
    let text = |text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [&u32::try_from(units.len() / 2).unwrap().to_le_bytes()[..], &units].concat()
    };
    let record = |kind: &[u8], body: &[u8]| [kind, &[u8::try_from(body.len()).unwrap()], body].concat();
    let sheet = [&[0; 4][..], &1_u32.to_le_bytes(), &text("rId1"), &text("Лист")].concat();
    let book = [
        record(&[0x8f, 1], &[]),
        record(&[0x9c, 1], &sheet),
        record(&[0x90, 1], &[]),
        record(&[0x84, 1], &[]),
    ]
    .concat();
    let cell = |column: u32, body: &[u8]| [&column.to_le_bytes()[..], &[0; 4], body].concat();
    let dimensions: Vec<u8> = [0_u32, 0, 0, 1].iter().flat_map(|value| value.to_le_bytes()).collect();
    let cells = [
        record(&[0x94, 1], &dimensions),
        record(&[0x91, 1], &[]),
        record(&[0], &[0; 25]),
        record(&[6], &cell(0, &text("Чай"))),
        record(&[5], &cell(1, &1.5_f64.to_le_bytes())),
        record(&[0x92, 1], &[]),
    ];
    let relations =
        r#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.bin"/></Relationships>"#;
    zip_bytes(&[
        ("xl/workbook.bin", &book),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        ("xl/worksheets/sheet1.bin", &cells.concat()),
    ])
}

/// Returns a document of each format, with a name.
pub(super) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let owned = |text: &str| text.as_bytes().to_vec();
    vec![
        ("a.xlsx", xlsx()),
        ("a.xlsb", xlsb()),
        ("a.xls", xls(1, 1)),
        ("a.ods", ods()),
        ("a.docx", docx()),
        ("a.pptx", pptx()),
        ("a.odt", odt()),
        ("a.odp", odp()),
        ("a.epub", epub()),
        ("a.zip", zip(&[("папка/файл.txt", "раз")])),
        ("a.tar", tar("a.txt", b"text")),
        ("a.tgz", gzip(&tar("a.txt", b"text"))),
        ("a.rtf", owned(RTF)),
        ("a.html", owned(HTML)),
        ("a.eml", owned(MAIL)),
        ("a.csv", owned("имя;сумма\nчай;1,5\n")),
        ("a.json", owned(r#"{"имя": [1, 2, {"x": null}]}"#)),
        ("a.ipynb", owned(NOTEBOOK)),
        ("a.srt", owned(SRT)),
        ("a.txt", owned("Привет, мир")),
    ]
}
