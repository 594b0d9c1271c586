// node types-only.mjs <manifest>...: what can be said of manifests that nobody rendered.
import { readManifests } from "./manifests.mjs";
import { memberFindings, valueFindings } from "./types.mjs";

const documents = readManifests(process.argv.slice(2));
const findings = [...(await valueFindings(documents)), ...memberFindings(documents)];
findings.forEach((finding) => console.error(`k8s/check: ${finding}`));
console.log(`k8s/check: ${documents.length} documents, ${findings.length} findings, types only`);
process.exit(findings.length === 0 ? 0 : 1);
