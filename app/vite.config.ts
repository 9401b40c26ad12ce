import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // static files that any host can serve under any path
  base: "./",
  plugins: [react()],
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
