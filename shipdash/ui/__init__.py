"""What pages share in Streamlit: frame, forms, charts, live panel, galleries.

No experiment is run and no figure is coloured here; TensorFlow is never imported.
"""
