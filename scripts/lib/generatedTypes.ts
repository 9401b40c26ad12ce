// TypeChain writes imports of ".js" files for what lies there as ".ts"; Node runs the TypeScript as it is.
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    const generated = context.parentURL?.includes("/typechain-types/") === true;
    return next(generated && specifier.startsWith(".") ? specifier.replace(/\.js$/, ".ts") : specifier, context);
  },
});
