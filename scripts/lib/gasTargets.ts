/** What an operation is meant to cost at most, and what its like costs elsewhere. */
export type Target = { readonly most: number; readonly peers: string };

// Measured on the peers' own code on a local chain, receipts whole: dYdX v3 for L1 at 87f2263, Perp v2 at d520bd8, GMX v2 at a5c0c88,
// Derive v2 at 7736900.
export const TARGETS: Readonly<Record<string, Target>> = {
  "deposit.first": { most: 75_000, peers: "Morpho 74,019; Perp 91,318; dYdX 148,052; Derive 229,429" },
  "deposit.later": { most: 57_000, peers: "Morpho 56,919; Perp 74,218; dYdX 96,484; Derive 135,393" },
  "withdraw.fiveMarkets": { most: 92_000, peers: "dYdX 112,701 (one market); Perp 3,189,771" },
  "order.open": { most: 123_000, peers: "dYdX 160,645; with a pool: Perp 736,911, Derive 820,665, GMX 3,646,372" },
  "order.change": { most: 89_000, peers: "dYdX 170,722; with a pool: Derive 667,333, Perp 716,249" },
  "order.tenFills.perFill": { most: 36_500, peers: "dYdX 86,506" },
  "liquidate.one": {
    most: 71_000,
    peers: "Morpho 107,409; dYdX 134,777 (276,914 through its proxy); Euler 341,563; Perp 1,140,181; Derive 1,715,714; GMX 2,721,996",
  },
  "liquidate.fifty.perAccount": { most: 19_000, peers: "dYdX 50,696" },
  "liquidate.fifty.perHealthy": { most: 6_900, peers: "dYdX reverts" },
  "margin.options.10": { most: 105_000, peers: "Derive PMRM 2,397,206; PM2 3,845,305" },
  "margin.options.50": { most: 240_000, peers: "Derive PMRM 10,601,953; PM2 16,699,318" },
  "margin.options.127": { most: 505_000, peers: "Derive PMRM 26,542,139; PM2 41,763,742" },
  "option.trade.fifty": { most: 455_000, peers: "Derive PMRM 21,464,672; PM2 33,453,182" },
  "liquidate.options.50": { most: 900_000, peers: "Derive PMRM 3,902,301 and 12,159,014" },
  "liquidate.options.127": { most: 2_050_000, peers: "" },
  "liquidate.options.127.first": { most: 15_000_000, peers: "" },
  "fund.deposit": { most: 185_000, peers: "" },
  "fund.redeem": { most: 210_000, peers: "" },
  "pool.open": { most: 160_000, peers: "Perp 736,911; Derive 820,665; GMX 3,646,372 in two transactions" },
  "pool.change": { most: 115_000, peers: "Derive 667,333; Perp 716,249" },
  "pool.deposit": { most: 190_000, peers: "" },
  "deleverage.perAccount": { most: 60_000, peers: "" },
  "black76.price": { most: 2_300, peers: "lyra-utils 6,568" },
  "riskArray.refresh": { most: 36_000, peers: "" },
};
