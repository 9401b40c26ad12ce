import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { AUDIT_PAGE, AUDIT_RESULTS, type AuditResult, auditPage, PARTS, TRIAGE } from "../../scripts/lib/audit.ts";
import { projectRoot, run } from "../../scripts/lib/run.ts";
import { judge, type Remark, remarksIn, type Triage } from "../../scripts/lib/slither.ts";

const remark = (place: string, check = "timestamp"): Remark => ({ check, impact: "Low", place, words: `${place} uses timestamp` });
const triaged = (places: Record<string, number>, check = "timestamp"): Triage => ({ check, why: "a clock", places });
const read = <T>(path: string): T => JSON.parse(readFileSync(join(projectRoot, path), "utf8")) as T;

describe("what npm run audit makes of Slither's remarks", () => {
  it("default: judged ones pass, as often as they were judged; one more of a kind at a place is new", () => {
    const found = [remark("a.sol A.f"), remark("a.sol A.f"), remark("a.sol A.g")];
    expect(judge(found, [triaged({ "a.sol A.f": 2, "a.sol A.g": 1 })])).to.deep.equal({ judged: 3, fresh: [], stale: [] });
    expect(judge(found, [triaged({ "a.sol A.f": 1, "a.sol A.g": 1 })]).fresh).to.deep.equal([found[1]]);
  });

  it("behavior: another kind at the same place is new, and a judgement of nothing is said", () => {
    const { fresh, stale } = judge([remark("a.sol A.f", "weak-prng")], [triaged({ "a.sol A.f": 1 })]);
    expect(fresh.map(({ check }) => check)).to.deep.equal(["weak-prng"]);
    expect(stale).to.deep.equal(["timestamp: a.sol A.f (1)"]);
  });

  it("behavior: a place is file and name without lines; a run that failed is no run without remarks", () => {
    const mapping = { source_mapping: { filename_relative: "contracts/a.sol", lines: [3] } };
    const parent = { type: "contract", name: "A", ...mapping };
    const elements = [
      { type: "node", name: "x = 1" },
      { type: "function", name: "f", ...mapping, type_specific_fields: { parent } },
    ];
    const detectors = [{ check: "timestamp", impact: "Low", description: "A.f() uses timestamp\n\tmore\n", elements }];
    expect(remarksIn({ success: true, error: null, results: { detectors } })).to.deep.equal([
      { check: "timestamp", impact: "Low", place: "contracts/a.sol A.f", words: "A.f() uses timestamp" },
    ]);
    expect(() => remarksIn({ success: false, error: "Invalid solc compilation", results: {} })).to.throw("Invalid solc compilation");
  });

  it("default: each judgement on file has a reason, and names functions that there are", () => {
    for (const { check, why, places } of read<Triage[]>(TRIAGE)) {
      expect(why.length, check).to.be.greaterThan(20);
      for (const place of Object.keys(places)) {
        const [file = "", name = ""] = place.split(" ");
        const source = readFileSync(join(projectRoot, file), "utf8");
        for (const part of name.split(".")) expect(source, `${check}: ${place}`).to.match(new RegExp(`\\b${part}\\b`));
      }
    }
  });
});

describe("the page of npm run audit", () => {
  it("behavior: what failed, what is not installed and what was never run are said as such", () => {
    const result = (state: AuditResult["state"]): AuditResult => ({ state, figure: "a | b", commit: "1234567", seconds: 100 });
    const page = auditPage({ slither: result("failed"), fuzz: result("not installed"), sizes: result("passed") }, [
      triaged({ "a.sol A.f": 2 }),
    ]);
    const lines = page.split("\n");
    expect(lines.filter((line) => line.includes("| **failed**: a \\| b |"))).to.have.length(1);
    expect(lines.filter((line) => line.includes("| **not installed**: a \\| b |"))).to.have.length(1);
    expect(
      lines.filter((line) => line.includes("| a \\| b | `npm run build && npm run audit -- --only sizes` | 1234567 | 2 min |")),
    ).to.have.length(1);
    expect(lines.filter((line) => line.includes("| not run yet |"))).to.have.length(PARTS.length - 3);
    expect(lines).to.include("| timestamp | 2 | a clock |");
  });

  it("default: the one in docs is that of the results and judgements on file", () => {
    expect(readFileSync(join(projectRoot, AUDIT_PAGE), "utf8")).to.equal(auditPage(read(AUDIT_RESULTS), read(TRIAGE)));
  });

  it("args: a part that is not there and a time that is none are refused in a line", async () => {
    for (const [args, said] of [
      [["--only", "slithr"], "there is no part slithr"],
      [["--minutes", "soon"], "--minutes takes a number from 0 to 600, not soon"],
    ] as const) {
      const { code, output } = await run("node", ["scripts/run.cjs", "audit.ts", ...args]);
      expect(code, output).to.equal(2);
      expect(output.trim().split("\n")).to.have.length(1);
      expect(output).to.include(said);
    }
  });
});
