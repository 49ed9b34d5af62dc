"""liface: currents through damaged interlayers of lithium-metal batteries, with error bars."""
