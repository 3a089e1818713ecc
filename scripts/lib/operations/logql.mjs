// Parses LogQL expressions with Grafana's own grammar. Usage: node logql.mjs <expressions.json: [{place, expr}]>
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { parser } = await import(pathToFileURL(require.resolve('@grafana/lezer-logql')));

let failed = 0;
const all = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const { place, expr } of all) {
  let at = -1;
  parser.parse(expr).iterate({ enter: (node) => { if (node.type.isError && at < 0) at = node.from; } });
  if (at >= 0) {
    failed += 1;
    console.log(`FAIL ${place}: no LogQL at ${at}: ${expr.slice(0, at)} >>> ${expr.slice(at)}`);
  }
}
if (failed) process.exit(1);
console.log(`${all.length} LogQL expressions parse`);
