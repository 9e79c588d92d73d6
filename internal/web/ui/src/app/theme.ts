import { createTheme, Select, defaultVariantColorsResolver, parseThemeColor, type CSSVariablesResolver, type VariantColorsResolver } from '@mantine/core'

// Text on a light ground of its own colour is darker than the kit has it, and lighter on a dark one (WCAG 1.4.3).
const resolver: VariantColorsResolver = (input) => {
  const usual = defaultVariantColorsResolver(input)
  const { color, isThemeColor } = parseThemeColor({ color: input.color ?? input.theme.primaryColor, theme: input.theme })
  if (input.variant !== 'light' || !isThemeColor) return usual
  return { ...usual, color: `light-dark(color-mix(in srgb, var(--mantine-color-${color}-9), black 35%), var(--mantine-color-${color}-1))` }
}

export const theme = createTheme({ primaryColor: 'cyan', primaryShade: 9, variantColorResolver: resolver, defaultRadius: 'md', cursorType: 'pointer', components: { Select: Select.extend({ defaultProps: { selectFirstOptionOnChange: true } }) } }) // what is typed and Enter choose the first that fits

/** Dimmed text that can be read: 4.5 to 1 and more on the pages' ground (WCAG 1.4.3). */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': 'var(--mantine-color-gray-7)', '--mantine-color-placeholder': 'var(--mantine-color-gray-7)', '--mantine-color-error': 'var(--mantine-color-red-9)' },
  dark: { '--mantine-color-dimmed': 'var(--mantine-color-dark-1)', '--mantine-color-placeholder': 'var(--mantine-color-dark-1)', '--mantine-color-error': 'var(--mantine-color-red-4)' },
})
