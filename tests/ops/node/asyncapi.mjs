// node asyncapi.mjs FILE: what AsyncAPI's own parser finds in the document and in what it refers to, a line each.
import { Parser, fromFile } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
for (const { code, path, message } of diagnostics) console.log(`${code} ${path.join(".")}: ${message}`);
process.exit(document && diagnostics.length === 0 ? 0 : 1);
