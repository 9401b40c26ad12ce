/**
 * What a page reads and trades a deployment with. Nothing of Node is reached from here, and there is no key: wallets sign.
 * @module
 */

export { type Action, execute } from "../engine/actions/execute.ts";
export type { ComboLimit, ComboOrder, Leg, Order, TakerLimit } from "../engine/orders/orders.ts";
export { accountIdOf, ownerOf, subAccountOf } from "../engine/types/accountId.ts";
export { Reverted } from "../engine/types/errors.ts";
export { WAD } from "../engine/types/fixedPoint.ts";
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
export type { VaultEventArguments } from "../sdk/abis.ts";
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
export { formatDecimal, parseDecimal, showDecimal } from "../sdk/amounts.ts";
export { approvalCalls, balanceOf, type TokenRecord } from "../sdk/approval.ts";
export { type Call, executeCall } from "../sdk/calls.ts";
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
export { type VaultEvent, vaultEvent, vaultEvents } from "../sdk/events.ts";
export { BadInput, Failure } from "../sdk/failure.ts";
export { fillLog, type LoggedFill } from "../sdk/fillLog.ts";
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
export { type VaultReader, vaultReader } from "../sdk/readState.ts";
export { type Fault, httpRpc, providerRpc, type RetryOptions, type Rpc, RpcFailure, retryingRpc } from "../sdk/rpc.ts";
export { instrumentName, type ListedUnderlying, listedIn, orderVenue, parseInstrument } from "../sdk/series.ts";
export { isSignedBy } from "../sdk/signature.ts";
export { figuresOf, type Standing, standings } from "../sdk/standing.ts";
export { readVault, type VaultView } from "../sdk/vaultView.ts";
