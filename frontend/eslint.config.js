import { defineConfigWithVueTs, vueTsConfigs } from "@vue/eslint-config-typescript";
import vue from "eslint-plugin-vue";
import accessibility from "eslint-plugin-vuejs-accessibility";

export default defineConfigWithVueTs(
  { ignores: ["src/api/schema.d.ts", "src/element-plus.d.ts", "node_modules/**"] },
  vue.configs["flat/recommended"],
  accessibility.configs["flat/recommended"],
  vueTsConfigs.strict,
  vueTsConfigs.stylistic,
  {
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "vue/block-order": ["error", { order: ["script", "template", "style"] }],
      "vue/max-attributes-per-line": "off",
      "vue/multiline-html-element-content-newline": "off",
      "vue/singleline-html-element-content-newline": "off",
      "vue/html-self-closing": ["error", { html: { void: "always" } }],
      "vue/no-v-html": "error",
      "vue/require-default-prop": "off",
      "vue/html-indent": "off",
      "vue/html-closing-bracket-newline": "off",
      "vuejs-accessibility/label-has-for": ["error", { required: { some: ["nesting", "id"] } }],
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
);
