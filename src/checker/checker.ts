import type { Interface } from "ethers";
import { NOTHING, Replay } from "./replay.ts";

export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;
export type Verdict = Awaited<ReturnType<typeof check>>;
type Log = { readonly blockNumber: string; readonly topics: string[]; readonly data: string };
/**
 * Recomputes from events, token balances and posted prices what the vault owes, whom it liquidated and whom it should have. Amounts are decimal strings;
 * `liquidations` counts accounts, `sales` all their sales, `slices` those in part. What was before `fromBlock` is not judged. Parameters are those of the
 * end: `parameterChanges` counts what changed them in the run, and depths lowered before it, which move with posts; the verdict may then be wrong.
 */
export async function check(rpc: Rpc, vault: string, abi: Interface, fromBlock = 0, seed: number | null = null) {
  const call = async (name: string, ...args: unknown[]): Promise<bigint[]> => {
    const data = await rpc("eth_call", [{ to: vault, data: abi.encodeFunctionData(name, args) }, "latest"]);
    return [...abi.decodeFunctionResult(name, data as string)].flat().map(BigInt);
  };
  const [margin = 0n, , , listed = 0n] = await call("parameterWords");
  const [[settlement = 0n, owner = 0n], [, deficit = 0n]] = [await call("constants"), await call("totals")];
  const [prices, collaterals]: [bigint[], bigint[]] = [[], []];
  for (let u = 0; u < Number(listed & 0xffn); u++) prices.push((await call("underlyingWords", u))[0] ?? 0n);
  for (let t = 0; t < Number((listed >> 8n) & 0xffn); t++) collaterals.push((await call("collateralWords", t))[0] ?? 0n);
  const replay = new Replay({ margin, prices, collaterals }, owner);
  const below = (id: bigint): boolean => ((figures) => figures.equity < figures.maintenance)(replay.figures(id));
  const ids = (ofFund: boolean): bigint[] => [...replay.accounts.keys()].filter((id) => (id >> 96n === owner) === ofFund);
  const fundValue = (): bigint => ids(true).reduce((sum, id) => sum + replay.figures(id).value, 0n);
  const [judged, sold, inPart, perBar] = [new Map<bigint, boolean>(), new Set<bigint>(), new Set<bigint>(), new Map<bigint, number>()];
  let [sales, slices, wronglyLiquidated, belowMaintenance, badDebt, income, fundBefore] = [0, 0, 0, 0, 0n, 0n, 0n];
  let [block, played, parameterChanges] = ["", false, 0];
  for (const log of (await rpc("eth_getLogs", [{ address: vault, fromBlock: "0x0", toBlock: "latest" }])) as Log[]) {
    const event = abi.parseLog(log);
    if (event === null) continue;
    const numbers = [...event.args].map((value) => (typeof value === "bigint" ? value : 0n));
    const args = Object.fromEntries(event.fragment.inputs.map((input, i) => [input.name, numbers[i] ?? 0n]));
    const [{ account = 0n, amount = 0n }, { name }] = [args, event];
    if (!played && Number(log.blockNumber) >= fromBlock) [played, fundBefore] = [true, fundValue()];
    // before the next price the keeper has had its turn at the last one
    if (played && name === "PricePosted") belowMaintenance = Math.max(belowMaintenance, ids(false).filter(below).length);
    if (log.blockNumber !== block) {
      block = log.blockNumber;
      replay.now = BigInt(((await rpc("eth_getBlockByNumber", [block, false])) as { timestamp: string }).timestamp);
    }
    if (name === "ParameterSet" && replay.accounts.size > 0 && (played || args.id === 33n)) parameterChanges++;
    // the first event of a sale finds the account as it was before it
    const ofSale = ["Sold", "CollateralSold", "ShortfallCovered", "DeficitAdded", "Liquidated"].includes(name);
    if (ofSale && account >> 96n !== owner && !judged.has(account)) judged.set(account, below(account));
    replay.apply(name, args);
    if (name === "ShortfallCovered" || name === "DeficitAdded") badDebt += amount;
    if (name !== "Liquidated") continue;
    wronglyLiquidated += judged.get(account) === true ? 0 : 1;
    judged.delete(account);
    sold.add(account);
    [sales, income] = [sales + 1, income + (args.reward ?? 0n)];
    if ((args.fraction ?? 0n) < 10n ** 18n) slices += inPart.add(account) ? 1 : 0;
    perBar.set(replay.now / 3600n, (perBar.get(replay.now / 3600n) ?? 0) + 1);
  }
  belowMaintenance = Math.max(belowMaintenance, ids(false).filter(below).length);
  // what the raw books hold, against the tokens and against the replay
  const [money, claims] = [collaterals.length, [...collaterals.map(() => 0n), -deficit]];
  let replayDifferences = Number(deficit !== replay.deficit);
  const claim = (token: number, amount: bigint, agrees: boolean): void => {
    claims[token] = (claims[token] ?? 0n) + amount;
    replayDifferences += Number(!agrees);
  };
  for (const [id, { cash, holdings, tokens }] of replay.accounts) {
    const [heldCash = 0n] = await call("headerOf", id);
    claim(money, heldCash, heldCash === cash);
    for (const u of prices.keys()) {
      const [[lots = 0n, index = 0n], told] = [await call("positionOf", id, u), holdings.get(u) ?? NOTHING];
      claim(money, lots * (replay.market(u).price - replay.indexOf(u) + index), lots === told.lots && index === told.index);
    }
    for (const t of collaterals.keys()) {
      const [held = 0n] = await call("collateralOf", id, t);
      claim(t, held, held === (tokens.get(t) ?? 0n));
    }
  }
  let [differences, largest]: [Record<string, string>, bigint] = [{}, 0n];
  for (const [t, claimed] of claims.entries()) {
    const to = `0x${((collaterals[t] ?? settlement) & ((1n << 160n) - 1n)).toString(16).padStart(40, "0")}`;
    const ask = async (data: string): Promise<bigint> => BigInt((await rpc("eth_call", [{ to, data }, "latest"])) as string);
    const [balance, decimals] = [await ask(`0x70a08231${vault.slice(2).padStart(64, "0")}`), await ask("0x313ce567")];
    const difference = balance * 10n ** (18n - decimals) - claimed;
    differences = { ...differences, [to]: text(difference) };
    for (const each of [difference, -difference]) if (each > largest) largest = each;
  }
  const counts = { accounts: replay.accounts.size, liquidations: sold.size, liquidatedInPart: inPart.size, sales, slices };
  const judgement = { wronglyLiquidated, belowMaintenance, maxLiquidationsInABar: Math.max(0, ...perBar.values()), replayDifferences };
  const fund = { fundBefore: text(fundBefore), fundAfter: text(fundValue()), keeperIncome: text(income), badDebt: text(badDebt) };
  return { vaultMinusClaims: text(largest), ...counts, ...judgement, ...fund, deficit: text(deficit), parameterChanges, differences, seed };
}

function text(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(19, "0");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, "");
}
