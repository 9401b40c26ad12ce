import type { Interface } from "ethers";
import { disagreements, saidOf, size, worthOf } from "./pricing.ts";
import { NOTHING, Replay } from "./replay.ts";
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;
export type Verdict = Awaited<ReturnType<typeof check>>;
type Log = { readonly blockNumber: string; readonly topics: readonly string[]; readonly data: string };
/**
 * Recomputes from events, token balances and posted prices what the vault owes, whom it liquidated and whom it should have. Amounts are decimal strings;
 * `liquidations` counts accounts, `sales` all their sales, `slices` those in part; `vaultMinusClaims` is the largest shortage of a token, below zero, or else
 * the largest surplus. Nothing before `fromBlock` is judged; `told` are all logs. Parameters are those of the end: `parameterChanges` counts what changed them
 * in the run, and depths lowered before it, which move with posts; the verdict may then be wrong. */
export async function check(rpc: Rpc, vault: string, abi: Interface, fromBlock = 0, seed: number | null = null, told?: readonly Log[]) {
  const call = async (name: string, ...args: unknown[]): Promise<bigint[]> => {
    const data = await rpc("eth_call", [{ to: vault, data: abi.encodeFunctionData(name, args) }, "latest"]);
    return [...abi.decodeFunctionResult(name, data as string)].flat().map(BigInt);
  };
  const [margin = 0n, , , listed = 0n] = await call("parameterWords");
  const [[settlement = 0n, owner = 0n], [, deficit = 0n]] = [await call("constants"), await call("totals")];
  const [prices, volatilities, collaterals]: [bigint[], bigint[], bigint[]] = [[], [], []];
  for (let u = 0; u < Number(listed & 0xffn); u++) [prices[u] = 0n, , , , , volatilities[u] = 0n] = await call("underlyingWords", u);
  for (let t = 0; t < Number((listed >> 8n) & 0xffn); t++) collaterals.push((await call("collateralWords", t))[0] ?? 0n);
  const replay = new Replay({ margin, prices, volatilities, collaterals }, owner);
  // prices of options are not exact to the unit: where they cannot tell, nobody is blamed, and it is counted
  const below = (id: bigint, surely: boolean): boolean => {
    const { equity, maintenance, tolerance, certain } = replay.figures(id);
    unclear += Number(size(equity - maintenance) < tolerance);
    return surely ? certain && equity < maintenance - tolerance : equity < maintenance + tolerance;
  };
  const left = (): number => ids(false).filter((id) => below(id, true)).length;
  const ids = (ofFund: boolean): bigint[] => [...replay.accounts.keys()].filter((id) => (id >> 96n === owner) === ofFund);
  const fundValue = (): bigint => ids(true).reduce((sum, id) => sum + replay.figures(id).value, 0n);
  const [judged, sold, inPart, perBar] = [new Map<bigint, boolean>(), new Set<bigint>(), new Set<bigint>(), new Map<bigint, number>()];
  let [sales, slices, wronglyLiquidated, belowMaintenance, badDebt, income, fundBefore] = [0, 0, 0, 0, 0n, 0n, 0n];
  let [block, played, parameterChanges, unclear] = ["", false, 0, 0];
  const logs = told ?? ((await rpc("eth_getLogs", [{ address: vault, fromBlock: "0x0", toBlock: "latest" }])) as Log[]);
  const priced = new Set(logs.filter(({ topics }) => topics[0] === abi.getEvent("PricePosted")?.topicHash).map((log) => log.blockNumber));
  for (const log of logs) {
    const event = abi.parseLog({ ...log, topics: [...log.topics] });
    if (event === null) continue;
    const names = event.fragment.inputs.flatMap(({ name, components }) => components?.map((part) => part.name) ?? [name]);
    const values: unknown[] = [...event.args].flat();
    const args = saidOf(Object.fromEntries(names.map((name, i) => [name, typeof values[i] === "bigint" ? (values[i] as bigint) : 0n])));
    const [{ account = 0n, amount = 0n }, { name }] = [args, event];
    if (!played && Number(log.blockNumber) >= fromBlock) [played, fundBefore] = [true, fundValue()];
    if (log.blockNumber !== block) {
      // before the next price the keeper has had its turn at the last one
      if (played && priced.has(log.blockNumber)) belowMaintenance = Math.max(belowMaintenance, left());
      block = log.blockNumber;
      replay.now = BigInt(((await rpc("eth_getBlockByNumber", [block, false])) as { timestamp: string }).timestamp);
    }
    if (name === "ParameterSet" && replay.accounts.size > 0 && (played || args.id === 35n)) parameterChanges++;
    // the first event of a sale finds the account as it was before it
    const ofSale = ["CollateralSold", "ShortfallCovered", "DeficitAdded", "Liquidated"].includes(name);
    if (ofSale && account >> 96n !== owner && !judged.has(account)) judged.set(account, below(account, false));
    replay.apply(name, args, String(values[names.indexOf("moved")] ?? "0x"));
    if (name === "ShortfallCovered" || name === "DeficitAdded") badDebt += amount;
    if (name !== "Liquidated") continue;
    wronglyLiquidated += judged.get(account) === true ? 0 : 1;
    judged.delete(account);
    sold.add(account);
    [sales, income] = [sales + 1, income + (args.reward ?? 0n)];
    if ((args.fraction ?? 0n) < 10n ** 18n) slices += inPart.add(account) ? 1 : 0;
    perBar.set(replay.now / 3600n, (perBar.get(replay.now / 3600n) ?? 0) + 1);
  }
  belowMaintenance = Math.max(belowMaintenance, left());
  // what the raw books hold, against the tokens and against the replay
  const [money, claims] = [collaterals.length, [...collaterals.map(() => 0n), -deficit]];
  let replayDifferences = Number(deficit !== replay.deficit) + disagreements(replay);
  const claim = (token: number, amount: bigint, agrees: boolean): void => {
    claims[token] = (claims[token] ?? 0n) + amount;
    replayDifferences += Number(!agrees);
  };
  for (const [id, { cash, holdings, tokens }] of replay.accounts) {
    const [heldCash = 0n] = await call("headerOf", id);
    claim(money, heldCash, heldCash === cash);
    for (const u of prices.keys()) {
      const [[lots = 0n, index = 0n], told] = [await call("positionOf", id, u), holdings.get(u) ?? NOTHING];
      claim(money, lots * (worthOf(replay, u) - replay.indexOf(u) + index), lots === told.lots && index === told.index);
      const own = [...holdings].filter(([of, { lots }]) => of > 255 && (of & 255) === u && lots !== 0n);
      const series = await call("seriesPositionsOf", id, u);
      // instruments, lots, and two lists that say nothing of what is held
      const count = series.length / 4;
      replayDifferences += Number(own.length !== count);
      for (const [i, lots] of series.slice(count, 2 * count).entries()) {
        const instrument = Number((series[i] ?? 0n) << 8n) + u;
        claim(money, lots * worthOf(replay, instrument), lots === holdings.get(instrument)?.lots);
      }
    }
    for (const t of collaterals.keys()) {
      const [held = 0n] = await call("collateralOf", id, t);
      claim(t, held, held === (tokens.get(t) ?? 0n));
    }
  }
  let [differences, worst]: [Record<string, string>, bigint] = [{}, 0n];
  for (const [t, claimed] of claims.entries()) {
    const to = `0x${((collaterals[t] ?? settlement) & ((1n << 160n) - 1n)).toString(16).padStart(40, "0")}`;
    const ask = async (data: string): Promise<bigint> => BigInt((await rpc("eth_call", [{ to, data }, "latest"])) as string);
    const [balance, decimals] = [await ask(`0x70a08231${vault.slice(2).padStart(64, "0")}`), await ask("0x313ce567")];
    const difference = balance * 10n ** (18n - decimals) - claimed;
    differences = { ...differences, [to]: text(difference) };
    if (worst < 0n || difference < 0n ? difference < worst : difference > worst) worst = difference;
  }
  const counts = {
    maxLiquidationsInABar: Math.max(0, ...perBar.values()),
    accounts: replay.accounts.size,
    liquidations: sold.size,
    liquidatedInPart: inPart.size,
    sales,
    slices,
  };
  const judgement = { wronglyLiquidated, belowMaintenance, unclear, replayDifferences };
  const fund = { fundBefore: text(fundBefore), fundAfter: text(fundValue()), keeperIncome: text(income), badDebt: text(badDebt) };
  return { vaultMinusClaims: text(worst), ...counts, ...judgement, ...fund, deficit: text(deficit), parameterChanges, differences, seed };
}

function text(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(19, "0");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, "");
}
