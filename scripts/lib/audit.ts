/** One line of the audit, in the order of the page. */
export interface AuditPart {
  readonly name: string;
  readonly what: string;
  /** What repeats it. */
  readonly command: string;
}

/** What a part showed. */
export interface AuditResult {
  readonly state: "passed" | "failed" | "not installed";
  readonly figure: string;
  /** The commit that it was run on. */
  readonly commit: string;
  readonly seconds: number;
}

export type AuditResults = Readonly<Record<string, AuditResult>>;

export const AUDIT_RESULTS = "test/audit/results.json";
export const AUDIT_PAGE = "docs/audit.md";
export const TRIAGE = "test/audit/slither.json";

export const PARTS: readonly AuditPart[] = [
  {
    name: "slither",
    what: "static analysis by Slither, remarks of high, medium and low impact; each is judged in `test/audit/slither.json`, and one that is not fails",
    command: "npm run audit -- --only slither",
  },
  {
    name: "layering",
    what: "no import upwards and no circle in contracts, engine and tests ([architecture](architecture.md))",
    command: "npx hardhat test mocha test/whole/project/layering.test.ts",
  },
  {
    name: "sizes",
    what: "code that is deployed, of 24,576 bytes (EIP-170)",
    command: "npm run build && npm run audit -- --only sizes",
  },
  { name: "fuzz", what: "Solidity tests and invariants by forge's own fuzzer", command: "npm run test:deep" },
  { name: "coverage", what: "lines of the contracts that the tests reach, at least 95 %", command: "npm run coverage" },
  {
    name: "mutation",
    what: "planted faults that a named test turns red ([long runs](long-runs.md) has all)",
    command: "npm run audit -- --only mutation",
  },
  { name: "proofs", what: "properties of the pure floors for every input ([proofs](proofs.md))", command: "npm run prove" },
];

/** The page, from what each part showed last; a part that was never run says so. */
export function auditPage(
  results: AuditResults,
  triaged: readonly { check: string; why: string; places: Readonly<Record<string, number>> }[],
): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const lines = PARTS.map(({ name, what, command }) => {
    const result = results[name];
    const figure =
      result === undefined ? "not run yet" : result.state === "passed" ? result.figure : `**${result.state}**: ${result.figure}`;
    const when = result === undefined ? "" : ` ${result.commit} | ${duration(result.seconds)}`;
    return `| ${cell(what)} | ${cell(figure)} | \`${command}\` |${when === "" ? " | " : when} |`;
  });
  const judged = triaged.map(({ check, why, places }) => {
    const counts = Object.values(places);
    return `| ${check} | ${counts.reduce((sum, times) => sum + times, 0)} | ${cell(why)} |`;
  });
  return `# An audit that anybody can repeat

Written by \`npm run audit\`; not by hand. Each line is what its command showed at the commit named; a later change of contracts or engine makes it old. What is promised, and what is not: [SECURITY](../SECURITY.md).

| what | figure | repeated by | commit | took |
|---|---|---|---|---|
${lines.join("\n")}

## Remarks of Slither, and why they stand

By kind; \`test/audit/slither.json\` names each place. Kinds that say nothing about safety (assembly, naming, gas) are left out.

| remark | places | why it stands |
|---|---|---|
${judged.join("\n")}
`;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
