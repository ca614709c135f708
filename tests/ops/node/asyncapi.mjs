// node asyncapi.mjs FILE...: what AsyncAPI's own parser finds in documents and in what they refer to, a line each.
import { Parser, fromFile } from "@asyncapi/parser";

const parser = new Parser();
let found = 0;
for (const file of process.argv.slice(2)) {
  const { diagnostics } = await fromFile(parser, file).parse();
  for (const { code, path, message } of diagnostics) console.log(`${file} ${code} ${path.join(".")}: ${message}`);
  found += diagnostics.length;
}
process.exit(found ? 1 : 0);
