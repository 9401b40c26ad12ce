/**
 * What a page reads and trades a deployment with. Nothing of Node is reached from here, and there is no key: wallets sign.
 * @module
 */

export { type Action, execute } from "../engine/actions/execute.ts";
export type { ComboLimit, ComboOrder, Leg, Order, TakerLimit } from "../engine/orders/orders.ts";
export { accountIdOf, ownerOf, subAccountOf } from "../engine/types/accountId.ts";
export { Reverted } from "../engine/types/errors.ts";
export { WAD } from "../engine/types/fixedPoint.ts";
export { type Instrument, instrumentFromNumber } from "../engine/types/instrument.ts";
export type {
  Account,
  AccountId,
  Address,
  Assessment,
  Position,
  Series,
  SeriesPosition,
  State,
  Underlying,
} from "../engine/types/types.ts";
export { type Books, followBooks, type VaultEvent as HeardEvent } from "../keeper/books.ts";
export { planLiquidations } from "../keeper/plan.ts";
export type { VaultEventArguments } from "../sdk/abis.ts";
export { accountEvents, namedEvents } from "../sdk/accountEvents.ts";
export {
  cancelOrdersAction,
  depositAction,
  type EncodedAction,
  operatorAction,
  SETTLEMENT_TOKEN,
  tradeAction,
  transferAction,
  withdrawAction,
} from "../sdk/actions.ts";
export { formatDecimal, parseDecimal, showDecimal, toNumber } from "../sdk/amounts.ts";
export { approvalCalls, balanceOf, type TokenRecord } from "../sdk/approval.ts";
export { type Call, executeCall, liquidateBatchCall, refreshSeriesCall } from "../sdk/calls.ts";
export {
  buildCombo,
  type ComboFill,
  type ComboRequest,
  comboFromTyped,
  decodeCombos,
  encodeCombos,
  hashCombo,
  type SignedCombo,
  signCombo,
  type TypedCombo,
  typedCombo,
} from "../sdk/combos.ts";
export { comboName, type NamedCombo, parseCombo, pricedLegs } from "../sdk/comboTerms.ts";
export { type AccountView, connect, type Deployed, type OpeningFigures } from "../sdk/connect.ts";
export { type DeploymentRecord, toDeploymentRecord } from "../sdk/deploymentRecord.ts";
export { type DecodedError, decodeRevert, explainError } from "../sdk/errors.ts";
export { errorInWords, showAccountId } from "../sdk/errorWords.ts";
export { type VaultEvent, vaultEvent, vaultEvents } from "../sdk/events.ts";
export { BadInput, Failure } from "../sdk/failure.ts";
export { fillLog, type LoggedFill } from "../sdk/fillLog.ts";
export { type FundClaim, type FundStep, type FundTicket, type FundView, faucetCall, fundCall, readFund, sharesFor } from "../sdk/fund.ts";
export { interfaceOf } from "../sdk/interfaces.ts";
export { type LiquidationPrices, liquidationPrices } from "../sdk/liquidationPrices.ts";
export { type ChainNode, type NodeEvent, type NodesOptions, severalNodes } from "../sdk/nodes.ts";
export {
  buildOrder,
  decodeTrade,
  encodeCancel,
  encodeFills,
  hashOrder,
  type OrderFill,
  type OrderRequest,
  type OrderVenue,
  orderFromTyped,
  type SignedOrder,
  signOrder,
  type TypedOrder,
  typedOrder,
} from "../sdk/orders.ts";
export { hasPermit, type Permit, permitDepositAction, signPermit } from "../sdk/permit.ts";
export {
  type Greeks,
  type HeldCollateral,
  type HeldPosition,
  markIn,
  type PortfolioView,
  portfolioIn,
  priceQuality,
  type ScenarioLoss,
  type ScenarioProfile,
  withdrawableOf,
} from "../sdk/portfolio.ts";
export { largestSize, type PlannedAction, type Preview, type PreviewVenue, previewActions, previewOrder } from "../sdk/preview.ts";
export { type VaultReader, vaultReader } from "../sdk/readState.ts";
export { type Fault, httpRpc, providerRpc, type RetryOptions, type Rpc, RpcFailure, retryingRpc } from "../sdk/rpc.ts";
export { type LoggedSale, saleOf } from "../sdk/saleLog.ts";
export { instrumentName, type ListedUnderlying, listedIn, orderVenue, parseInstrument } from "../sdk/series.ts";
export { type ChainRow, type ListedSeries, seriesIn } from "../sdk/seriesView.ts";
export { isSignedBy } from "../sdk/signature.ts";
export {
  fillableOf,
  type OrderFees,
  type OrderFile,
  orderFeesOf,
  type Quote,
  quoteOf,
  readOrder,
  type Signed,
  signatureFaultOf,
  signedIn,
  writeOrder,
} from "../sdk/signedOrders.ts";
export { type BlockHead, type LinkState, type NodeLink, pollingLink, type Socket, socketLink } from "../sdk/socketRpc.ts";
export { figuresOf, type Standing, standings } from "../sdk/standing.ts";
export { takeOrders } from "../sdk/takeOrders.ts";
export { readVault, type VaultView } from "../sdk/vaultView.ts";
export { isRejection, type Receipt, receiptOf, rpcSigner, sendCall, switchChain, type TypedSigner } from "../sdk/wallet.ts";
