import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { projectRoot } from "../../scripts/lib/run.ts";
import { keeperMetrics } from "../../src/keeper/metrics.ts";

const PREFIX = "plimsoll_keeper_";
const read = (name: string): string => readFileSync(join(projectRoot, ...name.split("/")), "utf8");

/** Every metric by its name, with the names of its labels. */
async function metrics(): Promise<Map<string, { readonly type: string; readonly labels: readonly string[] }>> {
  const { registry } = keeperMetrics(0n, []);
  const all = (await registry.getMetricsAsJSON()) as unknown as { name: string; type: string }[];
  return new Map(
    all.map(({ name, type }) => [
      name,
      { type, labels: (registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] }).labelNames },
    ]),
  );
}

/** What a text of queries uses: names of metrics, and beside each the labels that it is asked by. */
function usedIn(text: string): { readonly name: string; readonly labels: readonly string[] }[] {
  return [...text.matchAll(new RegExp(`(${PREFIX}[a-z_]+)(?:\\{([^}]*)\\})?`, "g"))].map(([, name = "", labels = ""]) => ({
    name,
    labels: [...labels.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = ""]) => label),
  }));
}

describe("alert rules and dashboard", () => {
  for (const file of ["monitoring/alerts.yml", "monitoring/grafana.json"]) {
    it(`behavior: ${file} asks for metrics that a keeper has, by labels that they have`, async () => {
      const known = await metrics();
      const text = file.endsWith(".json") ? read(file).replaceAll('\\"', '"') : read(file);
      const used = usedIn(text);
      expect(used.length).to.be.greaterThan(8);
      for (const { name, labels } of used) {
        const metric = known.get(name.replace(/_bucket$/, ""));
        expect(metric?.type, name).to.equal(name.endsWith("_bucket") ? "histogram" : (metric?.type ?? "a metric"));
        const own = [...(metric?.labels ?? []), "instance", "job"];
        expect(
          labels.filter((label) => !own.includes(label)),
          name,
        ).to.deep.equal([]);
      }
      for (const [, name = ""] of text.matchAll(/(?:increase|rate)\((\w+)/g)) {
        expect(known.get(name.replace(/_bucket$/, ""))?.type, `${name} is counted up`).to.be.oneOf(["counter", "histogram"]);
      }
    });
  }

  it("behavior: every metric is on the dashboard, and docs/keeper.md has it", async () => {
    const dashboard = read("monitoring/grafana.json");
    const page = read("docs/keeper.md");
    for (const name of (await metrics()).keys()) {
      expect(dashboard, name).to.include(name);
      expect(page, name).to.match(new RegExp(`\`${name.slice(PREFIX.length)}[\`{]`));
    }
  });
});
