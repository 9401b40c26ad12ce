/**
 * Plimsoll for programs under Node: all that `plimsoll/browser` has, deployments from files, a sender that stays with its transactions, and the parts that
 * the keeper is made of.
 * @module
 */

export { LiquidationScan } from "../engine/scan/liquidationScan.ts";
export { type BookStore, openBookStore } from "../keeper/bookStore.ts";
export type { BooksOptions, Head } from "../keeper/books.ts";
export { liquidationSender } from "../keeper/liquidationSender.ts";
export { keepersTurn, type TurnOptions, type TurnReport } from "../keeper/turn.ts";
export { readDeployment } from "../sdk/deploymentFile.ts";
export { type Sender, type SenderEvent, type SenderOptions, type Sent, TransactionFailure, transactionSender } from "../sdk/sender.ts";
export * from "./browser.ts";
